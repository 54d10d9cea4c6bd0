package checks

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/politicalsphere/sop/rollout/kube"
	"github.com/politicalsphere/sop/rollout/process"
	"github.com/politicalsphere/sop/rollout/web"
	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
)

type imageParams struct {
	Components runbook.Names `yaml:"components,omitempty" doc:"all, or a list of components of this runbook: the image that each is to get"`
	Images     []string      `yaml:"images,omitempty" doc:"further images, by name and tag or digest"`
	Platform   []string      `yaml:"platform,omitempty" doc:"what each must run on, such as linux/amd64; that of the nodes when not written"`
}

var imageKind = runbook.Kind{
	Name: "image",
	Doc: `Images are in their registries, for the platform of the nodes. What they are, their digests, is pinned: a tag that
later means another image is no pass. Logins come from your docker config and the pull secrets of the workloads.
passes   each image is there, for every platform that is needed
warns    it runs on some of the nodes' platforms, but not on all
fails    there is no such image, or it runs on no node, or not on a written platform
unknown  a registry does not answer, refuses the login or limits its answers, or the nodes cannot be looked at
self     a map by component (or image as written) of found, digest and platforms`,
	Example:  "image: {components: all}",
	Params:   imageParams{},
	Interval: 5 * time.Minute,
	Timeout:  15 * time.Second,
	Lint:     lintImage,
}

func lintImage(params any, _ runbook.Check) []runbook.ParamProblem {
	p := params.(*imageParams)
	var out []runbook.ParamProblem
	if !p.Components.All && len(p.Components.List)+len(p.Images) == 0 {
		out = append(out, problem("components", "write components: all, or a list of names, or images: […]", "no image is named"))
	}
	for i, image := range p.Images {
		if _, err := parseImage(image); err != nil && known(image) {
			out = append(out, problem(fmt.Sprintf("images[%d]", i), "write it like registry.example/api:v1", "%v", err))
		}
	}
	for i, text := range p.Platform {
		if _, err := parsePlatform(text); err != nil && known(text) {
			out = append(out, problem(fmt.Sprintf("platform[%d]", i), "write it like linux/amd64", "%v", err))
		}
	}
	return out
}

// parseImage reads a name whose registry may be asked.
func parseImage(text string) (name.Reference, error) {
	ref, err := name.ParseReference(text)
	if err != nil {
		return nil, fmt.Errorf("%q is not the name of an image", text)
	}
	_, _, err = web.ParseAddress(ref.Context().RegistryStr(), "443")
	return ref, err
}

func parsePlatform(text string) (v1.Platform, error) {
	p, err := v1.ParsePlatform(text)
	if err != nil || p.OS == "" || p.Architecture == "" || p.OSVersion != "" {
		return v1.Platform{}, fmt.Errorf("%q is not a platform", text)
	}
	return *p, nil
}

// wantedImage is an image that has to be there.
type wantedImage struct {
	label, image string
	ref          name.Reference
	workload     *target // that is to run it; nil for an image that no component has
}

func readyImage(w *Worker, work run.CheckWork) (check, error) {
	p, err := decode[imageParams](imageKind, work.Check)
	if err != nil {
		return check{}, err
	}
	if w.HTTP == nil {
		return check{}, errNoDoor("registries")
	}
	l := &imageLook{
		env: work.Env, keychain: w.Keychain, clock: w.Clock,
		client: &registryClient{transport: w.HTTP, clock: w.Clock}, rest: map[string]time.Time{},
	}
	if l.wanted, err = w.images(p); err != nil {
		return check{}, err
	}
	for _, text := range p.Platform {
		platform, err := parsePlatform(text)
		if err != nil {
			return check{}, err
		}
		l.platforms = append(l.platforms, platform)
	}
	c := check{look: l.look, sensor: said("%s", strings.Join(l.registries(), ", "))}
	if l.cluster, err = w.cluster(work.Env); err != nil && len(l.platforms) == 0 {
		return check{}, err
	}
	if l.cluster != nil && len(l.platforms) == 0 {
		c.cluster, c.follows = l.cluster, []kube.Resource{kube.Nodes}
	}
	return c, nil
}

// images are those of the components and the further ones.
func (w *Worker) images(p imageParams) ([]wantedImage, error) {
	var out []wantedImage
	if p.Components.All || len(p.Components.List) > 0 {
		targets, err := w.targets(p.Components, nil)
		if err != nil {
			return nil, err
		}
		for _, t := range targets {
			component, _ := w.plan.Component(t.label)
			if component.Image == "" {
				return nil, fmt.Errorf("component %s names no image", t.label)
			}
			out = append(out, wantedImage{label: t.label, image: component.Image, workload: &t})
		}
	}
	for _, image := range p.Images {
		out = append(out, wantedImage{label: image, image: image})
	}
	if len(out) > maxAddresses {
		return nil, fmt.Errorf("%d images are more than %d; spread them over several checks", len(out), maxAddresses)
	}
	for i := range out {
		var err error
		if out[i].ref, err = parseImage(out[i].image); err != nil {
			return nil, err
		}
	}
	return out, nil
}

type imageLook struct {
	env       runbook.Environment
	cluster   *kube.Cluster // nil: there is none, and it is not needed
	keychain  authn.Keychain
	clock     run.Clock
	client    *registryClient
	wanted    []wantedImage
	platforms []v1.Platform        // written ones; none: those of the nodes
	rest      map[string]time.Time // until when a registry wants to be left alone
}

func (l *imageLook) registries() []string {
	var all []string
	for _, w := range l.wanted {
		all = append(all, w.ref.Context().RegistryStr())
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// imageAnswer is what came of one image.
type imageAnswer struct {
	found
	err    error
	status run.Status
	words  string
	need   []v1.Platform
}

func (l *imageLook) look(ctx context.Context) seen {
	answers := make([]imageAnswer, len(l.wanted))
	kube.Each(l.clock, len(l.wanted), func(i int) { answers[i] = l.ask(ctx, l.wanted[i]) })
	s, self, status := seen{}, map[string]any{}, run.Passed
	var wrong, fine, pins []string
	for i, a := range answers {
		w := l.wanted[i]
		status = worst(status, a.status)
		s.Evidence = append(s.Evidence, l.evidence(w, a))
		one := map[string]any{"found": a.digest != "", "digest": a.digest, "platforms": anys(platformNames(a.platforms))}
		self[w.label] = one
		if line := w.label + " " + a.words; a.status == run.Passed {
			fine = append(fine, fmt.Sprintf("%s %s", w.label, shortDigest(a.digest)))
		} else {
			wrong = append(wrong, line)
		}
		if a.status == run.Failed || a.status == run.Warn {
			s.Badness++
		}
		if a.digest != "" {
			pins = append(pins, w.ref.Context().Name()+"@"+a.digest)
		}
		s.Ill = s.Ill || l.isIll(w, a.err, &s)
	}
	if s.self = self; len(pins) == len(l.wanted) {
		s.Pin = pinOf(pins)
	}
	s.Ill = s.Ill && status == run.Unknown
	switch {
	case status == run.Unknown:
		s.summed(status, "could not look: %s", strings.Join(wrong, "; "))
	case len(wrong) > 0:
		s.summed(status, "%s", strings.Join(wrong, "; "))
	default:
		s.summed(status, "%s in the registry: %s", count(len(fine), "image"), strings.Join(fine, ", "))
	}
	return s
}

// isIll tells whether an image's registry did not answer, and remembers for how long it wants no question.
func (l *imageLook) isIll(w wantedImage, err error, s *seen) bool {
	var wait *limited
	var missing *missingImage
	if errors.As(err, &wait) && wait.after > 0 {
		l.rest[w.ref.Context().RegistryStr()] = l.clock.Now().Add(wait.after)
		s.again = soonest(s.again, wait.after)
	}
	return err != nil && !errors.As(err, &missing)
}

// pinOf is the list of what the names mean, in an order that does not change; its digest when it is too long.
func pinOf(pins []string) run.Safe {
	slices.Sort(pins)
	text := strings.Join(slices.Compact(pins), " ")
	if len(text) > 2000 {
		text = fmt.Sprintf("%d images, sha256:%x", len(pins), sha256.Sum256([]byte(text)))
	}
	return run.MakeSafe(text, 0)
}

// ask asks for one image and judges it.
func (l *imageLook) ask(ctx context.Context, w wantedImage) imageAnswer {
	var a imageAnswer
	var pods podsOf
	if until := l.rest[w.ref.Context().RegistryStr()]; until.After(l.clock.Now()) {
		a.err = &limited{until.Sub(l.clock.Now())}
	} else {
		pods = l.pods(ctx, w)
		a.found, a.err = l.find(ctx, w, pods)
	}
	var missing *missingImage
	switch {
	case errors.As(a.err, &missing):
		a.status, a.words = run.Failed, fmt.Sprintf("is not in the registry: %s (%v)", w.image, a.err)
		return a
	case a.err != nil:
		a.status, a.words = run.Unknown, l.whyNot(ctx, w, a.err)
		return a
	}
	var err error
	if a.need, err = l.needed(ctx, pods); err != nil {
		a.status, a.words = run.Unknown, "is there, but for which platform is not known: "+why(err)+"; or write platform"
		return a
	}
	lacks := slices.DeleteFunc(slices.Clone(a.need), func(p v1.Platform) bool {
		return slices.ContainsFunc(a.platforms, func(have v1.Platform) bool { return have.Satisfies(p) })
	})
	a.words = fmt.Sprintf("%s for %s", shortDigest(a.digest), strings.Join(platformNames(a.platforms), ", "))
	switch {
	case len(lacks) == 0:
		a.status = run.Passed
	case len(lacks) < len(a.need) && len(l.platforms) == 0:
		a.status, a.words = run.Warn, a.words+"; some nodes are "+strings.Join(platformNames(lacks), ", ")
	default:
		a.status, a.words = run.Failed, a.words+"; not for "+strings.Join(platformNames(lacks), ", ")
	}
	return a
}

// whyNot says why a registry gave no answer to judge, and what to do.
func (l *imageLook) whyNot(ctx context.Context, w wantedImage, err error) string {
	host := w.ref.Context().RegistryStr()
	var no *denied
	switch {
	case context.Cause(ctx) != nil:
		return why(context.Cause(ctx))
	case errors.As(err, &no):
		return fmt.Sprintf("%s refuses: %v; log in with docker login %s, or give the workload a pull secret", host, err, host)
	}
	return host + ": " + why(web.Bare(err))
}

func (l *imageLook) evidence(w wantedImage, a imageAnswer) run.Evidence {
	e := run.Evidence{
		Source: said("image %s", w.image), Observed: said("%s", a.words), Expected: "in the registry",
		Query: run.MakeSafe("crane manifest "+process.ShellWord(w.image), maxQuery),
	}
	if a.digest != "" {
		e.Observed = said("%s (%s)", a.words, a.digest)
	}
	if len(a.need) > 0 {
		e.Expected = said("in the registry, for %s", strings.Join(platformNames(a.need), ", "))
	}
	return e
}

func platformNames(all []v1.Platform) []string {
	names := make([]string, len(all))
	for i, p := range all {
		names[i] = p.String()
	}
	return names
}

// shortDigest is enough of a digest for people to compare.
func shortDigest(digest string) string { return digest[:min(len(digest), len("sha256:")+12)] }
