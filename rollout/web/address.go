package web

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// ErrBlocked is an address that is not asked, because machines keep their credentials there.
var ErrBlocked = errors.New("link-local and metadata addresses are blocked")

// dialer connects like any other, but not to a blocked address, whatever name led there: names are judged by what they
// resolve to, at the moment of connecting.
func dialer() *net.Dialer {
	return &net.Dialer{
		Timeout:   10 * time.Second,
		KeepAlive: 30 * time.Second,
		ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error {
			return checkDial(address)
		},
	}
}

// Dialer returns the way in which tcp, tls and certificate checks connect. It refuses link-local and metadata
// addresses, as Transport does.
func Dialer() func(ctx context.Context, network, address string) (net.Conn, error) {
	return dialer().DialContext
}

// Transport returns the transport for http checks. It refuses to connect to link-local and metadata addresses.
func Transport() *http.Transport {
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            dialer().DialContext,
		ForceAttemptHTTP2:      true,
		MaxIdleConnsPerHost:    2,
		IdleConnTimeout:        30 * time.Second,
		TLSHandshakeTimeout:    10 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
	}
}

// checkDial refuses an address, host:port with a literal IP, that is blocked.
func checkDial(address string) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("connect to %q: %w", address, err)
	}
	if IsBlocked(at.Addr()) {
		return fmt.Errorf("connect to %s: %w", at.Addr(), ErrBlocked)
	}
	return nil
}

// metadata are addresses outside the link-local ranges at which clouds answer machines about themselves.
var metadata = []netip.Addr{
	netip.MustParseAddr("fd00:ec2::254"),   // AWS
	netip.MustParseAddr("fd20:ce::254"),    // Google Cloud
	netip.MustParseAddr("100.100.100.200"), // Alibaba Cloud
	netip.MustParseAddr("168.63.129.16"),   // Azure
	netip.MustParseAddr("192.0.0.192"),     // Oracle Cloud
}

// embedding are IPv6 ranges whose last or second 32 bits are an IPv4 address that traffic goes on to.
var (
	nat64 = netip.MustParsePrefix("64:ff9b::/96")
	sixTo = netip.MustParsePrefix("2002::/16")
)

// IsBlocked tells whether an address is not asked.
func IsBlocked(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	if b := a.As16(); nat64.Contains(a) {
		a = netip.AddrFrom4([4]byte(b[12:16]))
	} else if sixTo.Contains(a) {
		a = netip.AddrFrom4([4]byte(b[2:6]))
	}
	if a.IsLinkLocalUnicast() || a.IsMulticast() || a.IsUnspecified() {
		return true
	}
	for _, m := range metadata {
		if a == m {
			return true
		}
	}
	return false
}

// metadataNames are the names of such services; a proxy would resolve them where Transport cannot see it.
var metadataNames = []string{"metadata.google.internal", "metadata.goog", "metadata", "instance-data", "instance-data.ec2.internal"}

// ParseURL accepts an absolute http or https URL whose host may be asked.
func ParseURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil { // its text repeats the URL, credentials included
		return nil, errors.New("this is not a valid URL")
	}
	host := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, errors.New("a URL must begin with https:// or http://")
	case host == "":
		return nil, errors.New("this URL names no host")
	}
	if err := CheckHost(host); err != nil {
		return nil, err
	}
	return u, nil
}

// CheckHost refuses a host that may not be asked, by its name.
func CheckHost(host string) error {
	if a, err := netip.ParseAddr(host); err == nil {
		if IsBlocked(a) {
			return ErrBlocked
		}
		return nil
	}
	for _, name := range metadataNames {
		if host == name {
			return ErrBlocked
		}
	}
	// 2852039166, 0xa9fea9fe and 169.254.43518 are addresses too for some resolvers.
	last := host[strings.LastIndexByte(host, '.')+1:]
	if strings.Trim(last, "0123456789") == "" || strings.HasPrefix(last, "0x") {
		return errors.New("write the IP address with four decimal numbers")
	}
	return nil
}

// ParseAddress reads host:port, where a port that is not written is usual (empty: it must be written), and refuses
// hosts that may not be asked.
func ParseAddress(text, usual string) (host, port string, err error) {
	host, port, err = net.SplitHostPort(text)
	if err != nil && usual != "" {
		host, port, err = net.SplitHostPort(net.JoinHostPort(strings.Trim(text, "[]"), usual))
	}
	if err != nil {
		return "", "", fmt.Errorf("%q is not an address of the form host:port", text)
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return "", "", fmt.Errorf("%q is not a port number", port)
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if _, err := netip.ParseAddr(host); err != nil && !IsHostName(host) {
		return "", "", fmt.Errorf("%q is not the name of a host", host)
	}
	return host, port, CheckHost(host)
}

// IsHostName tells whether s may be a name in DNS. Names of services may have underscores.
func IsHostName(s string) bool {
	if s == "" || len(s) > 253 {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for _, r := range label {
			if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_' {
				return false
			}
		}
	}
	return true
}
