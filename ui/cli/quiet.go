package cli

import (
	"io"
	"log"

	"github.com/go-logr/logr"
	"k8s.io/klog/v2"
)

// Silence keeps what libraries log off stderr: client-go writes there when a cluster does not answer, right across a
// full screen. What is worth knowing of it comes back as errors and is shown as such. It changes the whole process and
// is not for several goroutines: main calls it once, before Main.
func Silence() {
	klog.SetLogger(logr.Discard())
	log.SetOutput(io.Discard)
}
