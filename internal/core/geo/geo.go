// Package geo finds the country, region and city of an address, and the address of a visitor
// whose request came through proxies. The data are in the binary, which has countries alone,
// or in MMDB files of the operator.
//
// It neither stores nor logs an address, and does not guess: a place that is not in the data is
// unknown.
package geo

import (
	"net/netip"

	"github.com/phuslu/iploc"

	"github.com/footfall/footfall/internal/base/click"
)

// notPlaces are special-purpose addresses that package netip does not recognise (RFC 6890,
// 5737, 3849, 9637). A country that a database has for them means nothing.
var notPlaces = [...]netip.Prefix{
	netip.PrefixFrom(netip.AddrFrom4([4]byte{0}), 8),
	netip.PrefixFrom(netip.AddrFrom4([4]byte{100, 64}), 10),
	netip.PrefixFrom(netip.AddrFrom4([4]byte{192, 0, 0}), 24),
	netip.PrefixFrom(netip.AddrFrom4([4]byte{192, 0, 2}), 24),
	netip.PrefixFrom(netip.AddrFrom4([4]byte{198, 18}), 15),
	netip.PrefixFrom(netip.AddrFrom4([4]byte{198, 51, 100}), 24),
	netip.PrefixFrom(netip.AddrFrom4([4]byte{203, 0, 113}), 24),
	netip.PrefixFrom(netip.AddrFrom4([4]byte{240}), 4),
	netip.PrefixFrom(netip.AddrFrom16([16]byte{0x01}), 64), // 100::/64 discard
	netip.PrefixFrom(netip.AddrFrom16([16]byte{0x20, 0x01, 0x0d, 0xb8}), 32),
	netip.PrefixFrom(netip.AddrFrom16([16]byte{0x3f, 0xff}), 20),
}

// locatable reports whether an address can be in a country.
func locatable(a netip.Addr) bool {
	if !a.IsGlobalUnicast() || a.IsPrivate() {
		return false
	}
	for _, p := range &notPlaces {
		if p.Contains(a) {
			return false
		}
	}
	return true
}

// builtin looks into the data in the binary, IP2Location LITE in package iploc.
func builtin(a netip.Addr) click.Country { return country(iploc.IPCountry(a)) }

// countries are the codes of ISO 3166-1 alpha-2, and XK, which all databases use for
// Kosovo.
const countries = "" +
	"AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ " +
	"BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ " +
	"CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ " +
	"EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY " +
	"HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ " +
	"LA LB LC LI LK LR LS LT LU LV LY " +
	"MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ " +
	"NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW " +
	"SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ " +
	"TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW"

// country takes the code of a database. Codes that are not in countries, such as ZZ, EU,
// AP, A1 or T1, are the unknown country.
func country(code string) click.Country {
	c := click.ParseCountry(code)
	lo, hi := 0, (len(countries)+1)/3
	for lo < hi {
		mid := (lo + hi) / 2
		at := click.Country{countries[3*mid], countries[3*mid+1]}
		switch {
		case at == c:
			return c
		case at[0] < c[0] || at[0] == c[0] && at[1] < c[1]:
			lo = mid + 1
		default:
			hi = mid
		}
	}
	return click.Country{}
}
