package kubeapi

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

const proxySub = "proxy"

// proxy answers services/proxy: the API server asks one of the Service's ready endpoints and hands its answer on.
func (s *Server) proxy(c *call) error {
	_, service, port, ok := splitProxied(c.name)
	if !ok {
		return apierrors.NewBadRequest(fmt.Sprintf("invalid service request %q", c.name))
	}
	s.mu.Lock()
	at, port, err := s.endpointOf(c, service, port)
	s.mu.Unlock()
	if err != nil {
		return err
	}
	var behind http.Handler
	if s.opt.Proxy != nil {
		behind = s.opt.Proxy(c.namespace, service, port)
	}
	if behind == nil {
		return apierrors.NewServiceUnavailable(fmt.Sprintf("error trying to reach service: dial tcp %s: connect: connection refused", at))
	}
	behind.ServeHTTP(c.w, proxied(c, at))
	return nil
}

// splitProxied reads [SCHEME:]NAME[:PORT], as the real server does: two parts are a name and a port.
func splitProxied(id string) (scheme, name, port string, ok bool) {
	parts := strings.Split(id, ":")
	switch len(parts) {
	case 1:
		name = parts[0]
	case 2:
		name, port = parts[0], parts[1]
	case 3:
		scheme, name, port = parts[0], parts[1], parts[2]
	default:
		return "", "", "", false
	}
	return scheme, name, port, name != "" && (scheme == "" || scheme == "http" || scheme == "https")
}

// endpointOf finds the address of a ready endpoint of the Service, and the name of its port. The errors have the real
// server's words. The caller holds s.mu.
func (s *Server) endpointOf(c *call, service, port string) (address, portName string, err error) {
	v := s.get(c.res, key{c.namespace, service})
	if v == nil {
		return "", "", apierrors.NewNotFound(c.gr, service)
	}
	svc := v.obj.(*corev1.Service)
	if n, failed := strconv.Atoi(port); failed == nil {
		i := 0
		for i < len(svc.Spec.Ports) && int(svc.Spec.Ports[i].Port) != n {
			i++
		}
		if i == len(svc.Spec.Ports) {
			return "", "", apierrors.NewServiceUnavailable(fmt.Sprintf("no service port %d found for service %q", n, service))
		}
		port = svc.Spec.Ports[i].Name
	}
	for _, e := range s.tables[endpointSliceGVR].sorted(c.namespace) {
		slice := e.obj.(*discoveryv1.EndpointSlice)
		if slice.Labels[discoveryv1.LabelServiceName] != service {
			continue
		}
		if number, has := portOf(slice, port); has {
			for _, one := range slice.Endpoints {
				if (one.Conditions.Ready == nil || *one.Conditions.Ready) && len(one.Addresses) > 0 {
					return net.JoinHostPort(one.Addresses[0], strconv.Itoa(int(number))), port, nil
				}
			}
		}
	}
	return "", "", apierrors.NewServiceUnavailable(fmt.Sprintf("no endpoints available for service %q", c.name))
}

func portOf(slice *discoveryv1.EndpointSlice, name string) (number int32, ok bool) {
	for _, p := range slice.Ports {
		has := ""
		if p.Name != nil {
			has = *p.Name
		}
		if has == name && p.Port != nil {
			return *p.Port, true
		}
	}
	return 0, false
}

// proxied is the request as the endpoint gets it: with what follows proxy as its path, and without the credentials.
func proxied(c *call, at string) *http.Request {
	r := c.r.Clone(c.r.Context())
	_, path, _ := strings.Cut(c.r.URL.Path, "/"+c.name+"/"+proxySub)
	r.URL = &url.URL{Scheme: "http", Host: at, Path: "/" + strings.TrimPrefix(path, "/"), RawQuery: c.r.URL.RawQuery}
	r.Host, r.RequestURI = at, r.URL.RequestURI()
	r.Header.Del("Authorization")
	if r.Body == nil {
		r.Body = http.NoBody
	}
	return r
}
