package v3

// isCallback reports whether s is a name that JSONP may call: letters, digits, _ $
// and . without a digit in front.
func isCallback(s string) bool {
	for i := range len(s) {
		b := s[i]
		switch {
		case 'a' <= b|0x20 && b|0x20 <= 'z', b == '_', b == '$', b == '.':
		case '0' <= b && b <= '9' && i > 0:
		default:
			return false
		}
	}
	return s != "" && len(s) <= maxCallback
}
