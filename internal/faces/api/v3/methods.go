package v3

// method is one method of the API.
type method struct {
	// serve returns the data of the envelope.
	serve func(*call) (any, error)
	// dated methods take from and to.
	dated bool
	// rows means that the data is tableData, so that format=csv can show it.
	rows bool
	// keyed methods take login and apiKey instead of a token.
	keyed bool
	// older methods (docs/glossary.md) do so, too, and their error names which of the
	// two is missing.
	older bool
	// anonymous is the parameter that is missing in a call without credentials;
	// access_token if empty.
	anonymous string
	// badToken is the error for an unknown token; INVALID_ACCESS_TOKEN if nil.
	badToken error
	// noData is the data next to an error.
	noData any
	// entries is the key of a list whose items are named entry in xml.
	entries string
	// secret answers must not be stored by browsers.
	secret bool
}

// emptyList is the data of older methods next to an error.
var emptyList = []struct{}{}

// methodTable is the methods by their paths below /v3.
func (a *API) methodTable() map[string]method {
	badToken := invalid("access_token")
	return map[string]method{
		"user/clicks":                         {serve: a.userClicks, dated: true, rows: true},
		"user/countries":                      {serve: a.userCountries, dated: true, rows: true},
		"user/popular_links":                  {serve: a.userPopularLinks, dated: true, rows: true},
		"user/referrers":                      {serve: a.userReferrers, dated: true, rows: true},
		"user/referring_domains":              {serve: a.userReferringDomains, dated: true, rows: true},
		"user/shorten_counts":                 {serve: a.userShortenCounts, dated: true, rows: true},
		"user/share_counts":                   {serve: a.userShareCounts, dated: true, rows: true},
		"user/share_counts_by_share_type":     {serve: a.userShareCountsByShareType, dated: true, rows: true},
		"user/tracking_domain_list":           {serve: a.userTrackingDomainList, rows: true},
		"user/tracking_domain_clicks":         {serve: a.userTrackingDomain, dated: true, rows: true},
		"user/tracking_domain_shorten_counts": {serve: a.userTrackingDomain, dated: true, rows: true},
		"user/info":                           {serve: a.userInfo, secret: true},
		"user/link_history":                   {serve: a.userLinkHistory},
		"user/link_save":                      {serve: a.userLinkSave},
		"user/link_edit":                      {serve: a.userLinkEdit},
		"user/link_lookup":                    {serve: a.userLinkLookup},

		"oauth/app": {serve: a.oauthApp},

		"link/clicks":              {serve: a.linkClicks, dated: true, rows: true, keyed: true},
		"link/countries":           {serve: a.linkCountries, dated: true, rows: true, keyed: true},
		"link/referrers":           {serve: a.linkReferrers, dated: true, rows: true, keyed: true},
		"link/referrers_by_domain": {serve: a.linkReferrersByDomain, dated: true, rows: true, keyed: true},
		"link/referring_domains":   {serve: a.linkReferringDomains, dated: true, rows: true, keyed: true},
		"link/encoders":            {serve: a.linkEncoders, keyed: true},
		"link/encoders_by_count":   {serve: a.linkEncodersByCount, keyed: true},
		"link/encoders_count":      {serve: a.linkEncodersCount, keyed: true},
		"link/lookup":              {serve: a.linkLookup, keyed: true},
		"link/shares":              {serve: a.linkShares, dated: true, rows: true, keyed: true},

		"shorten":          {serve: a.shorten, older: true, badToken: badToken, noData: emptyList},
		"expand":           {serve: a.expand, older: true, badToken: badToken, noData: emptyList, entries: "expand"},
		"clicks":           {serve: a.olderClicks, rows: true, older: true, noData: emptyList},
		"info":             {serve: a.info, older: true, anonymous: "login"},
		"lookup":           {serve: a.olderLookup, older: true, anonymous: "login"},
		"clicks_by_day":    {serve: a.clicksByDay, rows: true, older: true, anonymous: "login"},
		"clicks_by_minute": {serve: a.clicksByMinute, rows: true, older: true, anonymous: "login"},
		"countries":        {serve: a.olderCountries, rows: true, older: true, anonymous: "login"},
		"referrers":        {serve: a.olderReferrers, rows: true, older: true, anonymous: "login"},
		"validate":         {serve: a.validate, older: true},
		"bitly_pro_domain": {serve: a.bitlyProDomain, older: true},
	}
}
