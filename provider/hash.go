package provider

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
)

// hash returns what a test proves: a digest of the settings that decide on a sign-in, and of our own
// identifiers. Settings with the hash of a passed test behave as they did in it.
func (p *Provider) hash(set *Settings, u URLs) string {
	metadata, err := set.Metadata.MarshalText()
	if err != nil {
		return "" // of no test; metadata that was read can be written
	}
	text, err := json.Marshal([]any{string(metadata), set.Policy, p.EntityID, p.replyURLs(u)[0]})
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// isTested reports whether a test of exactly these settings, with the identifiers of now, has passed.
func (p *Provider) isTested(set *Settings, u URLs) bool {
	hash := p.hash(set, u)
	return set.Tested != nil && hash != "" && set.Tested.Hash == hash
}
