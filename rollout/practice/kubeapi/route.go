package kubeapi

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// call is a request on its way through the handler.
type call struct {
	request
	res *resource
	w   http.ResponseWriter
	r   *http.Request
}

// serve is the handler. It panics with refused or http.ErrAbortHandler when there is to be no answer.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	path := strings.Trim(r.URL.Path, "/")
	c, found := s.route(path, r)
	q := request{verb: "get"}
	if c != nil {
		c.w, q = w, c.request
	}
	if !s.suffer(w, r, q) {
		return
	}
	switch {
	case c != nil:
		s.dispatch(c)
	case !found && s.discover(w, r, path):
	default:
		writeError(w, &apierrors.StatusError{ErrStatus: metav1.Status{
			Status: metav1.StatusFailure, Code: http.StatusNotFound, Reason: metav1.StatusReasonNotFound,
			Message: "the server could not find the requested resource", Details: &metav1.StatusDetails{},
		}})
	}
}

// route reads a path of the form api/v1/[namespaces/NS/]RESOURCE[/NAME[/SUB]] or apis/GROUP/VERSION/…; more may follow
// only behind the subresource proxy. found says that the path is deeper than discovery goes.
func (s *Server) route(path string, r *http.Request) (c *call, found bool) {
	parts := strings.Split(path, "/")
	var gv schema.GroupVersion
	switch {
	case parts[0] == "api" && len(parts) > 2:
		gv.Version, parts = parts[1], parts[2:]
	case parts[0] == "apis" && len(parts) > 3:
		gv, parts = schema.GroupVersion{Group: parts[1], Version: parts[2]}, parts[3:]
	default:
		return nil, false
	}
	c = &call{r: r}
	if parts[0] == "namespaces" && len(parts) > 1 {
		c.namespace = parts[1]
		if len(parts) > 2 && s.byPath[gv.WithResource(parts[2])] != nil {
			parts = parts[2:]
		}
	}
	c.res = s.byPath[gv.WithResource(parts[0])]
	deep := len(parts) > 3 && parts[2] == proxySub
	if c.res == nil || len(parts) > 3 && !deep {
		return nil, true
	}
	c.gr = c.res.gr()
	if len(parts) > 1 {
		c.name = parts[1]
	}
	if len(parts) > 2 {
		c.sub = parts[2]
	}
	if c.sub != "" && !c.res.has(c.sub) {
		return nil, true
	}
	if !c.res.namespaced && c.gr.Resource != "namespaces" {
		c.namespace = ""
	}
	c.verb = verbOf(r, c.name)
	c.dry = r.URL.Query().Get("dryRun") != ""
	return c, true
}

func verbOf(r *http.Request, name string) string {
	switch r.Method {
	case http.MethodPost:
		return "create"
	case http.MethodPut:
		return "update"
	case http.MethodPatch:
		return "patch"
	case http.MethodDelete:
		if name == "" {
			return "deletecollection"
		}
		return "delete"
	}
	switch {
	case isTrue(r.URL.Query().Get("watch")):
		return "watch"
	case name == "":
		return "list"
	}
	return "get"
}

func isTrue(param string) bool { return param == "true" || param == "1" }

func (s *Server) dispatch(c *call) {
	s.mu.Lock()
	ok := s.allowed(c.request) || !c.res.stored()
	s.mu.Unlock()
	if !ok {
		writeError(c.w, s.forbidden(c.request))
		return
	}
	var err error
	switch {
	case !c.res.stored():
		err = s.review(c)
	case c.sub == "log":
		err = s.logs(c)
	case c.sub == "scale":
		err = s.scale(c)
	case c.sub == proxySub:
		err = s.proxy(c)
	case c.sub == "eviction":
		err = s.evict(c)
	default:
		err = s.handle(c)
	}
	if err != nil {
		writeError(c.w, err)
	}
}

func (s *Server) handle(c *call) error {
	switch c.verb {
	case "get":
		return s.read(c)
	case "list":
		return s.list(c)
	case "watch":
		return s.watch(c)
	case "create":
		if c.name != "" {
			return apierrors.NewMethodNotSupported(c.gr, c.r.Method)
		}
		return s.create(c)
	case "update":
		return s.update(c)
	case "patch":
		return s.patch(c)
	case "delete":
		return s.deleteOne(c)
	case "deletecollection":
		return s.deleteAll(c)
	}
	return apierrors.NewMethodNotSupported(c.gr, c.r.Method)
}

// writeError answers with the metav1.Status that err is or becomes.
func writeError(w http.ResponseWriter, err error) {
	var st apierrors.APIStatus
	if !errors.As(err, &st) {
		st = apierrors.NewInternalError(err)
	}
	writeStatus(w, st.Status())
}

func writeStatus(w http.ResponseWriter, st metav1.Status) {
	st.TypeMeta = metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}
	if after := retryAfter(st); after != "" {
		w.Header().Set("Retry-After", after)
	}
	writeJSON(w, int(st.Code), st)
}

func writeJSON(w http.ResponseWriter, code int, body any) {
	b, err := json.Marshal(body)
	if err != nil {
		panic("kubeapi: cannot encode an answer: " + err.Error())
	}
	writeRaw(w, code, b)
}

func writeRaw(w http.ResponseWriter, code int, body []byte) {
	if w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", "application/json")
	}
	w.WriteHeader(code)
	_, _ = w.Write(append(body, '\n')) // a client that has gone needs no answer
}
