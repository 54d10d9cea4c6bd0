package kube

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// ServiceRequest is what a Service is asked through the API server, which sends it to one of the ready endpoints.
type ServiceRequest struct {
	Service string
	Port    string // its name or number; empty: the one port that has no name
	HTTPS   bool   // the endpoints speak TLS; the API server does not look at their certificates
	Path    string // begins with a slash and holds no . or .. segment
	Query   string // without the question mark
	Most    int    // how many bytes of the answer's body are read
}

// ServiceAnswer is what the endpoint said. Everything in it is foreign text.
type ServiceAnswer struct {
	Status   int
	Location string // of a redirect, which is not followed
	Body     []byte
	More     bool // the body is longer than what was read
}

// statusSize is how long an error of the API server may be.
const statusSize = 16 << 10

// ID is how the API server names the Service and its port: [https:]NAME[:PORT].
func (r ServiceRequest) ID() string {
	switch {
	case r.HTTPS:
		return "https:" + r.Service + ":" + r.Port
	case r.Port != "":
		return r.Service + ":" + r.Port
	}
	return r.Service
}

// Address is the path below the API server's address, for kubectl get --raw.
func (r ServiceRequest) Address(namespace string) string {
	address := "/api/v1/namespaces/" + namespace + "/services/" + r.ID() + "/proxy" + r.Path
	if r.Query != "" {
		address += "?" + r.Query
	}
	return address
}

// AskService sends a GET to a Service of the namespace through the API server, which needs the right to get
// services/proxy. What the API server itself says instead of the endpoint is an error that apierrors recognises: no
// right, no such Service, no ready endpoint, or (as ServiceUnavailable) that it could not reach the endpoint.
func (c *Cluster) AskService(ctx context.Context, r ServiceRequest) (ServiceAnswer, error) {
	ctx, done := c.within(ctx, readTimeout)
	defer done()
	what := fmt.Sprintf("ask service %s in namespace %s", r.Service, c.env.Namespace)
	for segment := range strings.SplitSeq(r.Path, "/") {
		if segment == "." || segment == ".." { // it would lead out of the proxy to other objects
			return ServiceAnswer{}, fmt.Errorf("%s: the path %q must not hold . or .. segments", what, r.Path)
		}
	}
	at := c.client.CoreV1().RESTClient().Get().Namespace(c.env.Namespace).Resource("services").Name(r.ID()).SubResource("proxy").URL()
	at.Path += r.Path
	at.RawQuery = r.Query
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String(), nil)
	if err != nil {
		return ServiceAnswer{}, fmt.Errorf("%s: %w", what, err)
	}
	response, err := c.proxied.Do(request)
	if err != nil {
		return ServiceAnswer{}, c.failed(ctx, what, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, int64(max(r.Most, statusSize))+1))
	if err != nil {
		return ServiceAnswer{}, c.failed(ctx, what, err)
	}
	if err := refusal(response.StatusCode, body); err != nil {
		return ServiceAnswer{}, c.failed(ctx, what, err)
	}
	answer := ServiceAnswer{Status: response.StatusCode, Location: response.Header.Get("Location"), Body: body}
	if answer.More = len(body) > r.Most; answer.More {
		answer.Body = body[:r.Most]
	}
	return answer, nil
}

// refusal is the API server's own error, which it gives as a Status; nil when somebody else speaks.
func refusal(code int, body []byte) error {
	var status metav1.Status
	if code < http.StatusBadRequest || json.Unmarshal(body, &status) != nil || status.Kind != "Status" ||
		status.APIVersion != "v1" || status.Status != metav1.StatusFailure {
		return nil
	}
	status.Code = int32(code) // what was answered counts, not what is written
	return &apierrors.StatusError{ErrStatus: status}
}
