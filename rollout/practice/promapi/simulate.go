package promapi

import (
	"cmp"
	"math"
	"slices"
	"time"
)

const (
	// scrapeEvery is the scrape interval.
	scrapeEvery = 5 * time.Second
	// History is how far back samples reach when the world begins.
	History = 45 * time.Minute
	// Retention is how long samples are kept.
	Retention = 2 * time.Hour
)

// change is a line of the log: from at on, the pod is in phase.
type change struct {
	at    time.Time
	pod   Pod
	phase Phase
}

// simulation makes samples out of the log of changes. Whoever uses it holds the Server's lock.
type simulation struct {
	seed    uint64
	loads   map[[2]string]Load
	effects []Effect
	log     []change
	// done is the time of the last scrape.
	done time.Time
	// blocks are sorted by pod, for the order of results and sums must not depend on that of arrival.
	blocks  []*block
	trimmed time.Time
}

func newSimulation(start time.Time, seed uint64, loads []Load) *simulation {
	s := &simulation{seed: seed, loads: map[[2]string]Load{}, done: start.Add(-History).Truncate(scrapeEvery)}
	s.trimmed = s.done
	for _, l := range loads {
		s.loads[[2]string{l.Namespace, l.Component}] = l
	}
	return s
}

// observe writes a line into the log. What was scraped cannot change any more, so that an older line counts
// from the last scrape on.
func (s *simulation) observe(c change) {
	i, _ := slices.BinarySearchFunc(s.log, c, func(a, b change) int {
		if o := cmp.Or(a.at.Compare(b.at), comparePods(a.pod, b.pod)); o != 0 {
			return o
		}
		return -1 // of two lines for a pod and an instant, the later word counts
	})
	s.log = slices.Insert(s.log, i, c)
}

// advance makes all scrapes that are due. A change at the very instant of a scrape comes after it, whichever
// was first to arrive.
func (s *simulation) advance(now time.Time) {
	for next := s.done.Add(scrapeEvery); !next.After(now); next = s.done.Add(scrapeEvery) {
		s.scrape(next)
		s.done = next
	}
	if s.done.Sub(s.trimmed) > 10*time.Minute {
		s.trim()
	}
}

func (s *simulation) scrape(at time.Time) {
	n := 0
	for from := s.done; from.Before(at); {
		to := at
		for ; n < len(s.log) && !s.log[n].at.After(from); n++ {
			s.apply(s.log[n], from)
		}
		if n < len(s.log) && s.log[n].at.Before(at) {
			to = s.log[n].at
		}
		s.share(to.Sub(from).Seconds())
		from = to
	}
	s.log = slices.Delete(s.log, 0, n)
	for _, b := range s.blocks {
		if b.ended && b.phase == Absent {
			continue
		}
		if b.phase >= Running {
			load := s.loads[[2]string{b.pod.Namespace, b.pod.Component}]
			b.serve(load.Rate*s.tide(at, load), s.behaviour(b.pod, b.started, at.Add(-scrapeEvery/2)), scrapeEvery.Seconds())
		}
		b.scrape(at.UnixMilli())
	}
}

func (s *simulation) apply(c change, at time.Time) {
	i, found := slices.BinarySearchFunc(s.blocks, c.pod, func(b *block, p Pod) int { return comparePods(b.pod, p) })
	if !found {
		if c.phase == Absent {
			return
		}
		s.blocks = slices.Insert(s.blocks, i, newBlock(c.pod, s.seed))
	}
	if c.at.Before(at) && !found {
		at = c.at // a pod from before the history has its true age
	}
	s.blocks[i].become(c.phase, at)
}

// share spreads some seconds of each component's traffic over its ready pods.
func (s *simulation) share(seconds float64) {
	ready := map[[2]string]float64{}
	for _, b := range s.blocks {
		if b.phase == Ready {
			ready[[2]string{b.pod.Namespace, b.pod.Component}]++
		}
	}
	for _, b := range s.blocks {
		if b.phase == Ready {
			b.exposure += seconds / ready[[2]string{b.pod.Namespace, b.pod.Component}]
		}
	}
}

// tide is the slow coming and going of users, a few percent, with a phase of its own for each component.
func (s *simulation) tide(at time.Time, l Load) float64 {
	const period = 23 * 60
	phase := float64(len(l.Component)+3*len(l.Namespace)) + float64(s.seed%97)
	return 1 + 0.03*math.Sin(2*math.Pi*float64(at.Unix()%(period*60))/period+phase)
}

func (s *simulation) behaviour(p Pod, started, at time.Time) Behaviour {
	how := s.loads[[2]string{p.Namespace, p.Component}].Behaviour
	for _, e := range s.effects {
		if e.matches(p) {
			how = e.on(how, started, at)
		}
	}
	return how
}

// trim forgets what is older than the retention, and the pods of which nothing is left.
func (s *simulation) trim() {
	s.trimmed = s.done
	oldest := s.done.Add(-Retention).UnixMilli()
	for _, b := range s.blocks {
		b.trim(oldest)
	}
	s.blocks = slices.DeleteFunc(s.blocks, func(b *block) bool { return b.ended && len(b.times) == 0 })
}
