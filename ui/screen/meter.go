package screen

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/ui/chart"
)

// meterWidth is how wide the meter beside a trigger is.
const meterWidth = 8

// meter is a bar of text, without a style of its own.
func meter(share float64, width int) string {
	n := int(max(0, min(1, share))*float64(width) + 0.5)
	return strings.Repeat("█", n) + strings.Repeat("░", width-n)
}

// nearness is how far a value is on its way from the baseline to the line that trips: 0 at the baseline, 1 at the line.
// It is not ok where there is no line, or nothing to begin from.
func nearness(t run.TriggerState, below bool) (share float64, ok bool) {
	way := t.Limit - t.Baseline
	if t.Limit == 0 || way == 0 || below && t.Baseline == 0 {
		return 0, false
	}
	return max(0, min(1, (t.Value-t.Baseline)/way)), true
}

// held is how much of the time that it must be over the line a trigger was.
func held(now time.Time, t run.TriggerState) time.Duration {
	if t.Since.IsZero() {
		return 0
	}
	return max(0, min(now.Sub(t.Since), t.For))
}

// whyLine says what the verdict so far rests on, while no trigger has anything against it: the one that is nearest to its
// line, and how many of the samples tell. Empty when no trigger was judged yet, or one of them speaks for itself.
func whyLine(f Frame, s *series) string {
	env := f.State.Envs[s.env]
	best, nearest := -1.0, ""
	for _, t := range env.Triggers {
		if t.State != run.TriggerOK {
			return ""
		}
		for i, m := range s.metrics {
			if m.Name != t.Metric {
				continue
			}
			c := s.frame(f, i)
			if share, ok := nearness(t, c.Threshold.Below); ok && share > best {
				best, nearest = share, fmt.Sprintf("nearest is %s, %.0f %% of the way to %s", s.titleOf(m.Name), share*100, chart.FormatValue(c.Unit, c.Threshold.At))
			}
		}
	}
	if nearest == "" {
		return ""
	}
	text := "nothing is over its line; " + nearest
	if have, want := telling(f, s); want > 0 {
		text += fmt.Sprintf("; %d %% of the samples tell", have*100/want)
	}
	return text
}

// telling is how many samples of the watch have a value, of the metric with triggers that has the fewest of them.
func telling(f Frame, s *series) (have, want int) {
	env, from := f.State.Envs[s.env], f.State.Watches[s.step].From
	if from.IsZero() {
		return 0, 0
	}
	have = math.MaxInt
	for _, m := range s.metrics[:s.judged] {
		n := 0
		want = 0
		for i := len(env.Samples) - 1; i >= 0 && !env.Samples[i].At.Before(from); i-- {
			want++
			if env.Samples[i].Points[m.Name].State == run.PointOK {
				n++
			}
		}
		have = min(have, n)
	}
	return min(have, want), want
}
