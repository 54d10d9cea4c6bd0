package kubeapi

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// read answers get.
func (s *Server) read(c *call) error {
	s.mu.Lock()
	v := s.get(c.res, c.key())
	if v == nil {
		s.mu.Unlock()
		return apierrors.NewNotFound(c.gr, c.name)
	}
	body := formOf(c).one(s, v)
	s.mu.Unlock()
	writeRaw(c.w, http.StatusOK, body)
	return nil
}

// key is the stored place of what the call names.
func (c *call) key() key {
	if !c.res.namespaced {
		return key{name: c.name}
	}
	return key{c.namespace, c.name}
}

// scope is the namespace that a list or a watch looks at; "" is all.
func (c *call) scope() string {
	if !c.res.namespaced {
		return ""
	}
	return c.namespace
}

// token is what the continue parameter holds: the list's resourceVersion and the last key given out.
type token struct {
	RV        uint64 `json:"rv"`
	Namespace string `json:"ns"`
	Name      string `json:"name"`
}

// list answers list. A page shows the objects as they are now, under the resourceVersion of the first page: a
// watch from there sees every later change.
func (s *Server) list(c *call) error {
	sel, err := selectorOf(c)
	if err != nil {
		return err
	}
	limit, err := number(c, "limit")
	if err != nil {
		return err
	}
	body, err := s.page(c, sel, limit)
	if err != nil {
		return err
	}
	writeRaw(c.w, http.StatusOK, body)
	return nil
}

// page returns the JSON of up to limit objects, 0 being all.
func (s *Server) page(c *call, sel selector, limit uint64) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	from, err := s.startOf(c)
	if err != nil {
		return nil, err
	}
	var page []*version
	meta := metav1.ListMeta{ResourceVersion: strconv.FormatUint(from.RV, 10)}
	for _, v := range s.tables[c.res.gvr].sorted(c.scope()) {
		if from.Name != "" && keyOf(v.obj).compare(key{from.Namespace, from.Name}) <= 0 || !sel.matches(v.obj) {
			continue
		}
		if limit > 0 && uint64(len(page)) == limit {
			last := page[len(page)-1].obj
			b := mustJSON(token{from.RV, last.GetNamespace(), last.GetName()})
			meta.Continue = base64.RawURLEncoding.EncodeToString(b)
			break
		}
		page = append(page, v)
	}
	return formOf(c).many(s, page, meta), nil
}

// startOf says at which resourceVersion and after which key a list begins. The caller holds s.mu.
func (s *Server) startOf(c *call) (token, error) {
	query := c.r.URL.Query()
	from := token{RV: s.rv}
	if cont := query.Get("continue"); cont != "" {
		b, err := base64.RawURLEncoding.DecodeString(cont)
		if err != nil || json.Unmarshal(b, &from) != nil {
			return from, apierrors.NewBadRequest("continue key is not valid: use the one of the list before")
		}
		if from.RV < s.tables[c.res.gvr].floor {
			return from, apierrors.NewResourceExpired("The provided continue parameter is too old to display a consistent list result. " +
				"You must start a new list without the continue parameter.")
		}
		return from, nil
	}
	rv, err := number(c, "resourceVersion")
	if err != nil {
		return from, err
	}
	if rv > s.rv {
		return from, tooLarge(rv, s.rv)
	}
	if query.Get("resourceVersionMatch") == string(metav1.ResourceVersionMatchExact) && rv != s.rv {
		return from, apierrors.NewResourceExpired(fmt.Sprintf("The resourceVersion for the provided list is too old: %d, only %d is kept.", rv, s.rv))
	}
	return from, nil
}

// tooLarge is the error for a resourceVersion that the server has not reached, as a restored backup gives it.
func tooLarge(asked, current uint64) error {
	err := apierrors.NewTimeoutError(fmt.Sprintf("Too large resource version: %d, current: %d", asked, current), 1)
	err.ErrStatus.Details.Causes = []metav1.StatusCause{{
		Type: metav1.CauseTypeResourceVersionTooLarge, Message: "Too large resource version",
	}}
	return err
}

func number(c *call, param string) (uint64, error) {
	text := c.r.URL.Query().Get(param)
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, apierrors.NewBadRequest(fmt.Sprintf("the parameter %s is not a number: %q", param, text))
	}
	return n, nil
}
