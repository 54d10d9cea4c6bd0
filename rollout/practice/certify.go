package practice

import "time"

// usualDays is how long a certificate is still valid when the scenario does not say.
const usualDays = 90

// certify makes the certificates of the sites and of the Secrets.
func (w *World) certify(now time.Time) error {
	var err error
	if w.authority, err = newAuthority(w.seed, now); err != nil {
		return err
	}
	w.certs, w.serial = map[string]pair{}, 1
	for _, host := range sortedHosts() {
		p, err := w.issue(now, w.days(hosts[host].namespace), host)
		if err != nil {
			return err
		}
		w.certs[host] = p
		if hosts[host].kind == frontSite {
			w.certs[hosts[host].namespace] = p
		}
	}
	return nil
}

// days is how long the certificates of a namespace are valid at the start.
func (w *World) days(namespace string) int {
	if days, ok := w.scenario.World.CertificateDays[namespace]; ok {
		return days
	}
	return usualDays
}

// issue makes a certificate that is valid for so many days from now on.
func (w *World) issue(now time.Time, days int, names ...string) (pair, error) {
	w.mu.Lock()
	w.serial++
	serial := w.serial
	w.mu.Unlock()
	until := now.Add(time.Duration(days) * day)
	return w.authority.issue(serial, until.Add(-usualDays*day-time.Hour), until, names...)
}

// issueFor makes another certificate for the site of a namespace, or for a wrong name.
func (w *World) issueFor(namespace string, days int, name string, now time.Time) (pair, error) {
	return w.issue(now, days, orName(name, frontOf(namespace)))
}

func (w *World) certificateOf(name string) pair {
	p, _ := w.certificateAt(name)
	return p
}

// certificateAt is the certificate of a host or a namespace.
func (w *World) certificateAt(name string) (pair, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	p, ok := w.certs[name]
	return p, ok
}

// setCertificate gives a namespace's site its certificate.
func (w *World) setCertificate(namespace string, p pair) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.certs[namespace], w.certs[frontOf(namespace)] = p, p
}
