package kube

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	authorizationv1 "k8s.io/api/authorization/v1"
)

// Right is one thing that the access rules may allow.
type Right struct {
	Verb, Group, Resource, Subresource string
	Name                               string // empty: all of them
	For                                string // title of the step that needs it; empty: the rollout or its rollback
	Optional                           bool   // nice to have
}

// String is the right as people say it: "patch deployments.apps".
func (r Right) String() string {
	s := r.Verb + " " + r.resource()
	if r.Group != "" {
		s += "." + r.Group
	}
	if r.Name != "" {
		s += " " + r.Name
	}
	return s
}

func (r Right) resource() string {
	if r.Subresource != "" {
		return r.Resource + "/" + r.Subresource
	}
	return r.Resource
}

// Denied is a Right that is missing, with the API server's reason.
type Denied struct {
	Right  Right
	Reason string
}

// Allowed asks which of the rights are missing in the namespace, in their order, and how many requests that took. An
// error means that it could not be looked at. One review of all rules answers, if the API server calls it complete; what
// it does not cover, or everything when it is not complete, is asked for singly, because a single review also knows what
// no rule tells, and says why.
func (c *Cluster) Allowed(ctx context.Context, rights []Right) (denied []Denied, requests int, err error) {
	ctx, done := c.within(ctx, readTimeout)
	defer done()
	review := &authorizationv1.SelfSubjectRulesReview{}
	review.Spec.Namespace = c.env.Namespace
	err = c.client.AuthorizationV1().RESTClient().Post().Resource("selfsubjectrulesreviews").Body(review).MaxRetries(0).Do(ctx).Into(review)
	if err != nil {
		return nil, 1, c.failed(ctx, "ask for the access rules of namespace "+c.env.Namespace, err)
	}
	complete := !review.Status.Incomplete && review.Status.EvaluationError == ""
	open := slices.DeleteFunc(slices.Clone(rights), func(r Right) bool {
		return complete && slices.ContainsFunc(review.Status.ResourceRules, r.coveredBy)
	})
	answers, errs := make([]authorizationv1.SubjectAccessReviewStatus, len(open)), make([]error, len(open))
	if len(open) > 0 {
		Each(c.clock, len(open), func(i int) { answers[i], errs[i] = c.may(ctx, open[i]) })
	}
	for i, r := range open {
		if errs[i] != nil {
			return nil, 1 + len(open), c.failed(ctx, fmt.Sprintf("ask for the right to %s in namespace %s", r, c.env.Namespace), errs[i])
		}
		if !answers[i].Allowed {
			denied = append(denied, Denied{r, cmp.Or(answers[i].Reason, answers[i].EvaluationError)})
		}
	}
	return denied, 1 + len(open), nil
}

// may asks for one right.
func (c *Cluster) may(ctx context.Context, r Right) (authorizationv1.SubjectAccessReviewStatus, error) {
	review := &authorizationv1.SelfSubjectAccessReview{}
	review.Spec.ResourceAttributes = &authorizationv1.ResourceAttributes{
		Namespace: c.env.Namespace, Verb: r.Verb, Group: r.Group, Resource: r.Resource, Subresource: r.Subresource, Name: r.Name,
	}
	err := c.client.AuthorizationV1().RESTClient().Post().Resource("selfsubjectaccessreviews").Body(review).MaxRetries(0).Do(ctx).Into(review)
	return review.Status, err
}

// coveredBy tells whether the rule allows all of the right.
func (r Right) coveredBy(rule authorizationv1.ResourceRule) bool {
	has := func(list []string, wanted ...string) bool {
		return slices.ContainsFunc(list, func(s string) bool { return s == "*" || slices.Contains(wanted, s) })
	}
	return has(rule.Verbs, r.Verb) && has(rule.APIGroups, r.Group) && has(rule.Resources, r.resource()) &&
		(len(rule.ResourceNames) == 0 || r.Name != "" && slices.Contains(rule.ResourceNames, r.Name))
}
