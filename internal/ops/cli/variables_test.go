package cli

import (
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// options returns the model of the whole command line.
func options() *kong.Node {
	return newParser(new(commands), new(env), func(int) {}).Model.Node
}

// TestVariables: an error names a variable that no option reads, and a similar one
// that an option does read. It never shows the value.
func TestVariables(t *testing.T) {
	t.Parallel()
	known := variablesOf(options())
	for _, c := range []struct{ entries, want string }{
		{"FOOTFALL_DOMIAN=secret", "FOOTFALL_DOMIAN: did you mean FOOTFALL_DOMAIN?"},
		{"FOOTFALL_TLSCERT=secret", "FOOTFALL_TLSCERT: did you mean FOOTFALL_TLS_CERT?"},
		{"FOOTFALL_DATA_DIR=secret", "FOOTFALL_DATA_DIR: did you mean FOOTFALL_DATA?"},
		{"FOOTFALL_ACME=secret", "FOOTFALL_ACME: did you mean FOOTFALL_ACME_D"},
		{"FOOTFALL_TOKEN=secret", "FOOTFALL_TOKEN: no option reads this variable; unset it"},
		{"FOOTFALL_=secret", "FOOTFALL_: no option reads this variable"},
		{"FOOTFALL_YES=secret", "FOOTFALL_YES: --yes can only be set on the command line"},
		{"FOOTFALL_GIVE_UP_DAMAGED=secret", "FOOTFALL_GIVE_UP_DAMAGED: --give-up-damaged can only be set on the command line"},
		{"FOOTFALL_PORT=8080", "FOOTFALL_PORT: no option reads this variable"},
		{"FOOTFALL_X=1 FOOTFALL_DOMIAN=1", "FOOTFALL_DOMIAN: did you mean FOOTFALL_DOMAIN?; FOOTFALL_X: no option"},

		// Variables of an option, empty ones, those of tests and of other programs.
		{"FOOTFALL_DOMAIN=a FOOTFALL_KEEP=3 FOOTFALL_LISTEN=:80 FOOTFALL_FORMAT=ndjson FOOTFALL_JSON=1", ""},
		{"FOOTFALL_DOMIAN= FOOTFALL_TEST_SEED=17 FOOTFALL=./footfall FOOTFALLS_X=1 footfall_x=1 NOT_FOOTFALL_X=1", ""},

		// Services of Kubernetes named footfall and footfall-metrics.
		{"FOOTFALL_SERVICE_HOST=10.0.0.11 FOOTFALL_SERVICE_PORT=80 FOOTFALL_SERVICE_PORT_HTTP=80 FOOTFALL_PORT=tcp://10.0.0.11:80", ""},
		{"FOOTFALL_PORT_80_TCP=tcp://10.0.0.11:80 FOOTFALL_PORT_80_TCP_PROTO=tcp FOOTFALL_PORT_80_TCP_PORT=80 FOOTFALL_PORT_80_TCP_ADDR=10.0.0.11", ""},
		{"FOOTFALL_METRICS_SERVICE_HOST=10.0.0.12 FOOTFALL_METRICS_SERVICE_PORT=9090 FOOTFALL_METRICS_PORT=tcp://10.0.0.12:9090 FOOTFALL_METRICS_PORT_9090_UDP_ADDR=10.0.0.12", ""},
	} {
		err := known.check(strings.Fields(c.entries))
		if c.want == "" {
			if err != nil {
				t.Errorf("the environment %s is refused with %v", c.entries, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("the environment %s is refused with %v, want %q", c.entries, err, c.want)
		}
	}
	for name := range known.read {
		if serviceLink.MatchString(name) || strings.HasSuffix(name, "_PORT") || strings.HasPrefix(name, testPrefix) {
			t.Errorf("Kubernetes or tests may set %s: give the option another name", name)
		}
	}
}
