package kubeapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// forbidden is the error for a request that a rule denies, in the words of the RBAC authorizer.
func (s *Server) forbidden(q request) error {
	scope := " at the cluster scope"
	if q.namespace != "" {
		scope = fmt.Sprintf(" in the namespace %q", q.namespace)
	}
	//lint:ignore ST1005 these are the authorizer's words
	return apierrors.NewForbidden(q.gr, q.name, fmt.Errorf("User %q cannot %s resource %q in API group %q%s",
		s.opt.User, q.verb, q.resource(), q.gr.Group, scope))
}

// user is who asks: the configured user, or the one whom the request impersonates.
func (s *Server) user(r *http.Request) string {
	if name := r.Header.Get("Impersonate-User"); name != "" {
		return name
	}
	return s.opt.User
}

// review answers the resources that are questions.
func (s *Server) review(c *call) error {
	if c.verb != "create" {
		return apierrors.NewMethodNotSupported(c.gr, c.r.Method)
	}
	obj := c.res.empty()
	if err := s.decodeBody(c, obj); err != nil {
		return err
	}
	switch o := obj.(type) {
	case *authorizationv1.SelfSubjectAccessReview:
		if err := s.reviewAccess(o); err != nil {
			return err
		}
	case *authorizationv1.SelfSubjectRulesReview:
		if o.Spec.Namespace == "" {
			return apierrors.NewBadRequest("no namespace on request")
		}
		s.reviewRules(o)
	case *authenticationv1.SelfSubjectReview:
		o.CreationTimestamp = s.now()
		o.Status.UserInfo.Username = s.user(c.r)
		o.Status.UserInfo.Groups = []string{"system:authenticated"}
	}
	obj.GetObjectKind().SetGroupVersionKind(c.res.gvk())
	writeJSON(c.w, http.StatusCreated, obj)
	return nil
}

func (s *Server) reviewAccess(o *authorizationv1.SelfSubjectAccessReview) error {
	a := o.Spec.ResourceAttributes
	if a == nil {
		if o.Spec.NonResourceAttributes == nil {
			return apierrors.NewBadRequest("exactly one of nonResourceAttributes or resourceAttributes must be specified")
		}
		o.Status.Allowed = true
		return nil
	}
	q := request{
		verb: a.Verb, namespace: a.Namespace, name: a.Name, sub: a.Subresource,
		gr: schema.GroupResource{Group: a.Group, Resource: a.Resource},
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	o.Status.Allowed = s.allowed(q)
	if !o.Status.Allowed {
		o.Status.Reason = "a rule of the practice world denies it"
	}
	return nil
}

// reviewRules lists what is allowed in the namespace. Rules can only allow, so a denial of single names makes the
// answer incomplete.
func (s *Server) reviewRules(o *authorizationv1.SelfSubjectRulesReview) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := &o.Status
	st.NonResourceRules = []authorizationv1.NonResourceRule{{Verbs: []string{"get"}, NonResourceURLs: []string{"*"}}}
	if len(s.denied) == 0 {
		st.ResourceRules = []authorizationv1.ResourceRule{{
			Verbs: []string{"*"}, APIGroups: []string{"*"}, Resources: []string{"*"},
		}}
		return
	}
	for _, res := range s.resources {
		for _, sub := range append([]string{""}, res.subs...) {
			q := request{namespace: o.Spec.Namespace, gr: res.gr(), sub: sub}
			if verbs := s.allowedVerbs(res.verbs, q); len(verbs) > 0 {
				st.ResourceRules = append(st.ResourceRules, authorizationv1.ResourceRule{
					Verbs: verbs, APIGroups: []string{q.gr.Group}, Resources: []string{q.resource()},
				})
			}
		}
	}
	if slices.ContainsFunc(s.denied, func(r *Rule) bool { return len(r.Names) > 0 }) {
		st.Incomplete = true
		st.EvaluationError = "some rules concern single names"
	}
}

func (s *Server) allowedVerbs(verbs []string, q request) []string {
	var ok []string
	for _, q.verb = range verbs {
		denied := slices.ContainsFunc(s.denied, func(r *Rule) bool {
			anyName := *r
			anyName.Names = nil
			return anyName.matches(q)
		})
		if !denied {
			ok = append(ok, q.verb)
		}
	}
	return ok
}

// maxBody is how much of a request's body is read, as in the real server.
const maxBody = 3 << 20

func readBody(c *call) ([]byte, error) {
	if c.r.Body == nil {
		return nil, nil
	}
	b, err := io.ReadAll(http.MaxBytesReader(c.w, c.r.Body, maxBody))
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return nil, apierrors.NewRequestEntityTooLargeError(fmt.Sprintf("limit is %d", maxBody))
	}
	if err != nil {
		return nil, apierrors.NewBadRequest("cannot read the body: " + err.Error())
	}
	return b, nil
}

// options reads the DeleteOptions of a body, which may be absent.
func options(c *call) (*metav1.DeleteOptions, error) {
	opt := &metav1.DeleteOptions{}
	b, err := readBody(c)
	if err != nil || len(b) == 0 {
		return opt, err
	}
	if err := decodeOptions(b, opt); err != nil {
		return nil, apierrors.NewBadRequest("cannot decode the DeleteOptions: " + err.Error())
	}
	return opt, nil
}

func decodeOptions(b []byte, opt *metav1.DeleteOptions) error {
	if b[0] == '{' {
		return json.Unmarshal(b, opt)
	}
	_, _, err := codecs.UniversalDeserializer().Decode(b, nil, opt)
	return err
}
