package promapi

import (
	"net/http"
	"slices"

	"github.com/prometheus/prometheus/model/labels"
)

// span reads start and end, which default to all there is.
func (s *Server) span(r *http.Request) (mint, maxt int64, err error) {
	now := s.present()
	start, err := instant(r, "start", now.Add(-Retention))
	if err != nil {
		return 0, 0, err
	}
	end, err := instant(r, "end", now)
	if err != nil {
		return 0, 0, err
	}
	return start.UnixMilli(), end.UnixMilli(), nil
}

// selectors reads match[]; without any, one that matches everything is used.
func (s *Server) selectors(r *http.Request) ([][]*labels.Matcher, error) {
	if len(r.Form["match[]"]) == 0 {
		return [][]*labels.Matcher{{}}, nil
	}
	sets, err := s.parser.ParseMetricSelectors(r.Form["match[]"])
	if err != nil {
		return nil, badData("invalid parameter \"match[]\": %w", err)
	}
	return sets, nil
}

func (s *Server) series(r *http.Request) (any, error) {
	mint, maxt, err := s.span(r)
	if err != nil {
		return nil, err
	}
	if len(r.Form["match[]"]) == 0 {
		return nil, badData("no match[] parameter provided")
	}
	sets, err := s.selectors(r)
	if err != nil {
		return nil, err
	}
	found := []labels.Labels{}
	if s.Outage().Trouble == Empty {
		return found, nil
	}
	q := querier{server: s, mint: mint, maxt: maxt}
	for _, set := range sets {
		for _, one := range q.find(mint, maxt, set) {
			found = append(found, one.labels)
		}
	}
	slices.SortFunc(found, labels.Compare)
	return slices.CompactFunc(found, labels.Equal), nil
}

func (s *Server) labelNames(r *http.Request) (any, error) {
	return s.collect(r, func(q *querier, set []*labels.Matcher) ([]string, error) {
		names, _, err := q.LabelNames(r.Context(), nil, set...)
		return names, err
	})
}

func (s *Server) labelValues(r *http.Request) (any, error) {
	return s.collect(r, func(q *querier, set []*labels.Matcher) ([]string, error) {
		values, _, err := q.LabelValues(r.Context(), r.PathValue("name"), nil, set...)
		return values, err
	})
}

func (s *Server) collect(r *http.Request, one func(*querier, []*labels.Matcher) ([]string, error)) (any, error) {
	mint, maxt, err := s.span(r)
	if err != nil {
		return nil, err
	}
	sets, err := s.selectors(r)
	if err != nil {
		return nil, err
	}
	all := []string{}
	if s.Outage().Trouble == Empty {
		return all, nil
	}
	for _, set := range sets {
		found, err := one(&querier{server: s, mint: mint, maxt: maxt}, set)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	slices.Sort(all)
	return slices.Compact(all), nil
}
