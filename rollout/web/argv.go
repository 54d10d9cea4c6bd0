package web

import "strings"

// AddArgv adds what stands as a credential in an argument list: --token=x, --token x, 'Authorization: Bearer x'.
func (s *Secrets) AddArgv(argv []string) {
	for i, arg := range argv {
		if i == 0 {
			continue
		}
		if before := argv[i-1]; i > 1 && strings.HasPrefix(before, "-") && !strings.ContainsAny(before, "=:") && IsSecretName(before) && !strings.HasPrefix(arg, "-") {
			s.Add(arg)
		}
		if name, value, ok := strings.Cut(arg, "="); ok && IsSecretName(name) {
			s.Add(value)
		}
		if name, value, ok := strings.Cut(arg, ": "); ok && IsSecretName(name) {
			_, bare, _ := strings.Cut(value, " ")
			s.Add(value, bare)
		}
	}
}
