package runbook

// What the file format knows and this program does not have. Such a key is refused plainly: read and ignored it would
// look like a guard that is not there.

var laterKinds = []string{
	"junit", "sarif", "json", "file", "flags",
	"workload", "nodes", "object", "endpoints", "configmap", "secret", "job", "events", "access",
	"github", "git", "command", "journal", "certificate", "image", "reach", "http", "tcp", "dns", "tls", "prometheus", "alerts", "window", // known only where the program has them
}

func laterHint(what string) string {
	return "make the step a hand item: leave the " + what + " out, and say in how what the person does"
}
