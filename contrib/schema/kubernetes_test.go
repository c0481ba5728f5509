package schema

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"os"
	"slices"
	"testing"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	policy "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/util/yaml"
	strict "sigs.k8s.io/yaml"
)

// manifest is what a file for Kubernetes has.
type manifest struct {
	set      apps.StatefulSet
	services []core.Service
	budget   policy.PodDisruptionBudget
	names    map[string][]string // of the objects, by kind
}

func readManifest(t *testing.T, file string) (m manifest) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	m.names = map[string][]string{}
	for documents := yaml.NewDocumentDecoder(io.NopCloser(bytes.NewReader(text))); ; {
		document := make([]byte, len(text))
		n, err := documents.Read(document)
		if errors.Is(err, io.EOF) {
			return m
		}
		var kind struct {
			APIVersion, Kind string
			Metadata         struct{ Name string }
		}
		if err = errors.Join(err, strict.Unmarshal(document[:n], &kind)); err != nil {
			t.Fatal(err)
		}
		m.names[kind.Kind] = append(m.names[kind.Kind], kind.Metadata.Name)
		var into any
		switch kind.APIVersion + " " + kind.Kind {
		case "apps/v1 StatefulSet":
			into = &m.set
		case "v1 Service":
			m.services = append(m.services, core.Service{})
			into = &m.services[len(m.services)-1]
		case "policy/v1 PodDisruptionBudget":
			into = &m.budget
		case "v1 Secret":
			into = &core.Secret{}
		case "v1 ConfigMap":
			into = &core.ConfigMap{}
		default:
			t.Fatalf("%s has the unknown kind %+v", file, kind)
		}
		if err := strict.UnmarshalStrict(document[:n], into); err != nil { // fails for unknown keys and wrong types
			t.Errorf("%s: %s: %v", file, kind.Kind, err)
		}
	}
}

// TestKubernetes: the manifests have only keys and types of Kubernetes, and their objects name each
// other rightly.
func TestKubernetes(t *testing.T) {
	for file, servers := range map[string]int32{"../kubernetes.yaml": 1, "../cluster/kubernetes.yaml": 2} {
		m := readManifest(t, file)
		pod := m.set.Spec.Template
		labels := pod.Labels
		if m.set.Spec.Replicas == nil || *m.set.Spec.Replicas != servers {
			t.Errorf("%s has not %d servers", file, servers)
		}
		selectors := []map[string]string{m.set.Spec.Selector.MatchLabels}
		ports := map[string]bool{}
		for _, p := range pod.Spec.Containers[0].Ports {
			ports[p.Name] = true
		}
		for _, s := range m.services {
			selectors = append(selectors, s.Spec.Selector)
			for _, p := range s.Spec.Ports {
				if !ports[p.TargetPort.StrVal] {
					t.Errorf("%s: the service %s leads to the unknown port %v", file, s.Name, p.TargetPort)
				}
			}
		}
		if m.budget.Spec.Selector != nil {
			selectors = append(selectors, m.budget.Spec.Selector.MatchLabels)
		}
		for _, c := range pod.Spec.TopologySpreadConstraints {
			selectors = append(selectors, c.LabelSelector.MatchLabels)
		}
		for _, s := range selectors {
			if !maps.Equal(s, labels) {
				t.Errorf("%s: a selector is %v, but pods have the labels %v", file, s, labels)
			}
		}
		checkPod(t, file, &m)
		if servers > 1 && (!slices.Contains(m.names["Service"], m.set.Spec.ServiceName) || m.budget.Name == "") {
			t.Errorf("%s lacks the service %s or a budget", file, m.set.Spec.ServiceName)
		}
	}
}

// checkPod checks what a pod names, and that it is confined.
func checkPod(t *testing.T, file string, m *manifest) {
	t.Helper()
	spec := m.set.Spec.Template.Spec
	volumes := map[string]bool{}
	for _, v := range m.set.Spec.VolumeClaimTemplates {
		volumes[v.Name] = true
		if !slices.Equal(v.Spec.AccessModes, []core.PersistentVolumeAccessMode{core.ReadWriteOncePod}) {
			t.Errorf("%s: two pods could have the volume %s", file, v.Name)
		}
	}
	for _, v := range spec.Volumes {
		volumes[v.Name] = true
		if v.Secret == nil || !slices.Contains(m.names["Secret"], v.Secret.SecretName) {
			t.Errorf("%s: the volume %s is no secret of the file", file, v.Name)
		}
	}
	c := spec.Containers[0]
	for _, v := range c.VolumeMounts {
		if !volumes[v.Name] {
			t.Errorf("%s mounts %s, which does not exist", file, v.Name)
		}
	}
	for _, from := range c.EnvFrom {
		if from.ConfigMapRef == nil || !slices.Contains(m.names["ConfigMap"], from.ConfigMapRef.Name) {
			t.Errorf("%s: the variables are of no ConfigMap of the file", file)
		}
	}
	if c.StartupProbe == nil || c.ReadinessProbe == nil || c.LivenessProbe == nil || c.Resources.Limits.Memory().IsZero() {
		t.Errorf("%s lacks a probe or a limit", file)
	}
	if !*spec.SecurityContext.RunAsNonRoot || !*c.SecurityContext.ReadOnlyRootFilesystem || *c.SecurityContext.AllowPrivilegeEscalation {
		t.Errorf("%s: the container is not confined", file)
	}
}
