package v3

// method is one method of the API.
type method struct {
	// run returns the data of the envelope.
	run func(*call) (any, error)
	// dated methods take from and to.
	dated bool
	// noMinutes methods refuse the unit minute, because there are no such counts.
	noMinutes bool
	// rows means that the data is tableData, so that format=csv can show it.
	rows bool
	// keyed methods take login and apiKey instead of a token.
	keyed bool
	// older methods (docs/glossary.md) do so, too, and their error names the one of the
	// two that is missing.
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
	// writes is true for methods that may change something.
	writes bool
}

// emptyList is the data of older methods next to an error.
var emptyList = []struct{}{}

// methodTable is the methods by their paths below /v3.
func (a *API) methodTable() map[string]method {
	badToken := invalid("access_token")
	methods := map[string]method{
		"user/clicks":                         {run: a.userClicks, dated: true, rows: true},
		"user/bot_clicks":                     {run: a.userBotClicks, dated: true, rows: true},
		"user/destination_changes":            {run: a.userDestinationChanges, rows: true},
		"user/countries":                      {run: a.userCountries, dated: true, rows: true},
		"user/popular_links":                  {run: a.userPopularLinks, dated: true, rows: true},
		"user/referrers":                      {run: a.userReferrers, dated: true, rows: true},
		"user/referring_domains":              {run: a.userReferringDomains, dated: true, rows: true},
		"user/shorten_counts":                 {run: a.userShortenCounts, dated: true, rows: true},
		"user/share_counts":                   {run: a.userShareCounts, dated: true, rows: true},
		"user/share_counts_by_share_type":     {run: a.userShareCountsByShareType, dated: true, rows: true},
		"user/tracking_domain_list":           {run: a.userTrackingDomainList, rows: true},
		"user/tracking_domain_clicks":         {run: a.userTrackingDomain, dated: true, rows: true},
		"user/tracking_domain_shorten_counts": {run: a.userTrackingDomain, dated: true, rows: true},
		"user/info":                           {run: a.userInfo, secret: true, writes: true},
		"user/link_history":                   {run: a.userLinkHistory},
		"user/link_save":                      {run: a.userLinkSave, writes: true},
		"user/link_edit":                      {run: a.userLinkEdit, writes: true},
		"user/link_lookup":                    {run: a.userLinkLookup},
		"user/save_custom_domain_keyword":     {run: a.userSaveCustomDomainKeyword, writes: true},

		"oauth/app": {run: a.oauthApp},

		"link/clicks":              {run: a.linkClicks, dated: true, rows: true, keyed: true},
		"link/bot_clicks":          {run: a.linkBotClicks, dated: true, rows: true, keyed: true},
		"link/countries":           {run: a.linkCountries, dated: true, rows: true, keyed: true},
		"link/referrers":           {run: a.linkReferrers, dated: true, rows: true, keyed: true},
		"link/referrers_by_domain": {run: a.linkReferrersByDomain, dated: true, rows: true, keyed: true},
		"link/referring_domains":   {run: a.linkReferringDomains, dated: true, rows: true, keyed: true},
		"link/encoders":            {run: a.linkEncoders, keyed: true},
		"link/encoders_by_count":   {run: a.linkEncodersByCount, keyed: true},
		"link/encoders_count":      {run: a.linkEncodersCount, keyed: true},
		"link/lookup":              {run: a.linkLookup, keyed: true},
		"link/shares":              {run: a.linkShares, dated: true, rows: true, keyed: true},

		"shorten":          {run: a.shorten, older: true, badToken: badToken, noData: emptyList, writes: true},
		"expand":           {run: a.expand, older: true, badToken: badToken, noData: emptyList, entries: "expand"},
		"clicks":           {run: a.olderClicks, rows: true, older: true, noData: emptyList},
		"info":             {run: a.info, older: true, anonymous: "login"},
		"lookup":           {run: a.olderLookup, older: true, anonymous: "login"},
		"clicks_by_day":    {run: a.clicksByDay, rows: true, older: true, anonymous: "login"},
		"clicks_by_minute": {run: a.clicksByMinute, rows: true, older: true, anonymous: "login"},
		"countries":        {run: a.olderCountries, rows: true, older: true, anonymous: "login"},
		"referrers":        {run: a.olderReferrers, rows: true, older: true, anonymous: "login"},
		"validate":         {run: a.validate, older: true},
		"bitly_pro_domain": {run: a.bitlyProDomain, older: true},
	}
	a.addProjections(methods)
	return methods
}
