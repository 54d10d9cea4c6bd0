package checks

import "strings"

// addArgv adds what stands as a credential in an argument list: --token=x, --token x, 'Authorization: Bearer x'.
func (s *secrets) addArgv(argv []string) {
	for i, arg := range argv {
		if i == 0 {
			continue
		}
		if before := argv[i-1]; i > 1 && strings.HasPrefix(before, "-") && !strings.ContainsAny(before, "=:") && isSecretName(before) && !strings.HasPrefix(arg, "-") {
			s.add(arg)
		}
		if name, value, ok := strings.Cut(arg, "="); ok && isSecretName(name) {
			s.add(value)
		}
		if name, value, ok := strings.Cut(arg, ": "); ok && isSecretName(name) {
			_, bare, _ := strings.Cut(value, " ")
			s.add(value, bare)
		}
	}
}
