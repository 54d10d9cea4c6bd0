package chart

import (
	"math"
	"strconv"
)

// Unit is what a metric is measured in.
type Unit uint8

// The units of a runbook.
const (
	Count   Unit = iota // a plain number: 412, 1.2 k
	Percent             // values are ratios: 0.031 is 3.1 %
	Seconds             // 0.182 is 182 ms
	Bytes               // 1.2 GB, by thousands
	Rate                // per second: 412/s
)

// ParseUnit knows the words of a runbook; false for any other word.
func ParseUnit(word string) (Unit, bool) {
	switch word {
	case "", "count", "number":
		return Count, true
	case "percent", "ratio":
		return Percent, true
	case "seconds":
		return Seconds, true
	case "bytes":
		return Bytes, true
	case "rate", "per-second":
		return Rate, true
	}
	return Count, false
}

// least is the top of a domain that has nothing but zero in it.
func (u Unit) least() float64 {
	switch u {
	case Percent:
		return 0.01
	case Seconds:
		return 0.01
	}
	return 1
}

// prefix is one magnitude of a unit.
type prefix struct {
	from float64 // values at least this large
	per  float64 // what one of it is worth
	name string
}

var (
	plainPrefixes  = []prefix{{1e12, 1e12, "T"}, {1e9, 1e9, "G"}, {1e6, 1e6, "M"}, {1e3, 1e3, "k"}, {0, 1, ""}}
	secondPrefixes = []prefix{{120, 60, "min"}, {1, 1, "s"}, {1e-3, 1e-3, "ms"}, {0, 1e-6, "µs"}}
	ratioPrefixes  = []prefix{{0, 0.01, ""}}
)

func (u Unit) prefixes() []prefix {
	switch u {
	case Percent:
		return ratioPrefixes
	case Seconds:
		return secondPrefixes
	}
	return plainPrefixes
}

func (u Unit) prefix(size float64) prefix {
	all := u.prefixes()
	for _, p := range all {
		if size >= p.from {
			return p
		}
	}
	return all[len(all)-1]
}

// suffix is what follows a magnitude's name.
func (u Unit) suffix() string {
	switch u {
	case Percent:
		return "%"
	case Bytes:
		return "B"
	case Rate:
		return "/s"
	}
	return ""
}

// FormatValue writes y as a person reads it, three digits and the unit: "3.1 %", "182 ms", "412/s". A value
// that is not there is "no data".
func FormatValue(u Unit, y float64) string { return string(AppendValue(nil, u, y)) }

// AppendValue is FormatValue onto dst.
func AppendValue(dst []byte, u Unit, y float64) []byte {
	switch {
	case y != y:
		return append(dst, "no data"...)
	case math.IsInf(y, 0):
		return strconv.AppendFloat(dst, y, 'f', -1, 64) // "+Inf" or "-Inf"
	}
	p := u.prefix(abs(y))
	if y == 0 && u == Seconds {
		p = u.prefix(1e-3)
	}
	v := y / p.per
	dst = appendTrimmed(dst, v, digits(u, v))
	if p.name != "" || u == Percent || u == Bytes {
		dst = append(dst, ' ')
	}
	return append(append(dst, p.name...), u.suffix()...)
}

// digits after the point for three in all; four where the interesting part is the distance to 100 %.
func digits(u Unit, v float64) int {
	switch v = abs(v); {
	case u == Percent && v >= 99 && v < 100: // 99.999 must not read as 100
		return max(1, min(5, int(math.Ceil(-math.Log10(100-v)))))
	case v >= 100 || v == 0:
		return 0
	case v >= 10:
		return 1
	case v >= 1:
		return 2
	}
	return min(8, 2-int(math.Floor(math.Log10(v))))
}

func appendTrimmed(dst []byte, v float64, decimals int) []byte {
	start := len(dst)
	dst = strconv.AppendFloat(dst, v, 'f', decimals, 64)
	if decimals > 0 {
		for dst[len(dst)-1] == '0' {
			dst = dst[:len(dst)-1]
		}
		if dst[len(dst)-1] == '.' {
			dst = dst[:len(dst)-1]
		}
	}
	if string(dst[start:]) == "-0" {
		dst = append(dst[:start], '0')
	}
	return dst
}

// tickWidth is the room of a number in the gutter.
const tickWidth = 6

// appendTick writes a gutter number of an axis: all in the magnitude of its largest value, with as many
// digits as the step needs.
func appendTick(dst []byte, u Unit, y, step, largest float64) []byte {
	p := u.prefix(largest)
	if u == Seconds && largest >= 1 {
		p = prefix{per: 1, name: "s"} // a round number of seconds is seldom one of minutes
	}
	start := len(dst)
	decimals := 0
	if s := step / p.per; s < 1 {
		decimals = min(6, int(math.Ceil(-math.Log10(s)-1e-9)))
	}
	for ; ; decimals-- {
		dst = appendTrimmed(dst[:start], y/p.per, max(decimals, 0))
		if y != 0 {
			dst = append(dst, p.name...)
		}
		if u == Percent && decimals < 2 { // two digits more would push the sign out of the gutter
			dst = append(dst, '%')
		}
		if len(dst)-start <= tickWidth || decimals <= 0 {
			break
		}
	}
	if len(dst)-start > tickWidth {
		dst = strconv.AppendFloat(dst[:start], y, 'e', 0, 64)
	}
	return dst
}
