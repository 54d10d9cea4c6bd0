package promapi

import (
	"hash/fnv"
	"math"
	"math/rand/v2"
)

// newNoise gives a pod a generator of its own. Pods that share one would change each other's samples
// whenever a pod comes or goes.
func newNoise(seed uint64, p Pod) *rand.Rand {
	h := fnv.New64a()
	for _, s := range []string{p.Namespace, p.Component, p.Name, p.Version} {
		h.Write([]byte(s)) // a hash.Hash never fails
		h.Write([]byte{0})
	}
	return rand.New(rand.NewPCG(seed, h.Sum64()))
}

// few is the expected count above which the normal distribution is near enough to Poisson's and to the
// binomial one.
const few = 40

// poisson draws a count with the given mean.
func poisson(r *rand.Rand, mean float64) float64 {
	if mean <= 0 {
		return 0
	}
	if mean > few {
		return max(0, math.Round(mean+math.Sqrt(mean)*r.NormFloat64()))
	}
	n, left := 0.0, math.Exp(-mean)
	for u := r.Float64(); u > left && n < 10*few; n++ {
		u -= left
		left *= mean / (n + 1)
	}
	return n
}

// binomial draws how many of n requests have a property that each has with probability p.
func binomial(r *rand.Rand, n, p float64) float64 {
	switch {
	case n <= 0 || p <= 0:
		return 0
	case p >= 1:
		return n
	case p > 0.5:
		return n - binomial(r, n, 1-p)
	case n*p > few:
		return min(n, max(0, math.Round(n*p+math.Sqrt(n*p*(1-p))*r.NormFloat64())))
	}
	k, left := 0.0, math.Pow(1-p, n)
	for u := r.Float64(); u > left && k < n; k++ {
		u -= left
		left *= (n - k) / (k + 1) * p / (1 - p)
	}
	return k
}

// below is the share of a lognormal distribution that lies under x.
func below(x, median, spread float64) float64 {
	if x <= 0 || median <= 0 {
		return 0
	}
	return 0.5 * math.Erfc(-math.Log(x/median)/(spread*math.Sqrt2))
}
