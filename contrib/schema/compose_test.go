package schema

import (
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
)

// TestCompose: the files obey the schema of Compose, and the services in them are safe to stop
// and to run for long.
func TestCompose(t *testing.T) {
	for file, servers := range map[string]int{"../compose.yaml": 1, "../cluster/compose.yaml": 2} {
		o, err := cli.NewProjectOptions([]string{file})
		if err != nil {
			t.Fatal(err)
		}
		project, err := o.LoadProject(t.Context()) // fails for keys that the schema does not have
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		volumes := map[string]string{} // service by volume
		for name, s := range project.Services {
			if s.Restart != types.RestartPolicyAlways {
				t.Errorf("%s: %s does not start again", file, name)
			}
			if _, built := s.Environment["FOOTFALL_DOMAIN"]; built {
				servers--
				if !s.ReadOnly || s.MemLimit == 0 || len(s.CapDrop) == 0 {
					t.Errorf("%s: %s is not confined", file, name)
				}
			}
			for _, v := range s.Volumes {
				if v.Type != types.VolumeTypeVolume {
					continue
				}
				if other := volumes[v.Source]; other != "" {
					t.Errorf("%s: %s and %s have the same volume", file, name, other)
				}
				volumes[v.Source] = name
			}
		}
		if servers != 0 {
			t.Errorf("%s: the number of servers is wrong by %d", file, servers)
		}
		if len(volumes) != len(project.Volumes) {
			t.Errorf("%s: %d of %d volumes are used", file, len(volumes), len(project.Volumes))
		}
	}
}
