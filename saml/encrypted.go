package saml

// decrypted returns the assertion in an EncryptedAssertion. Unless the response was signed, it is
// decrypted only for a browser that has a request waiting: a stranger cannot have keys tried.
func (v *validation) decrypted(s *shape, responseSigned bool) (*node, error) {
	if !responseSigned && !v.sp.config.AllowIdPInitiatedInsecure && len(v.sp.waiting(v.r.Pending, v.now)) == 0 {
		return nil, wrong(InResponseToUnknown, "a request of this browser that is waiting", "none")
	}
	root, err := v.open(s.encrypted, "Assertion")
	if err != nil {
		return nil, err
	}
	if err := gateAssertion(root); err != nil {
		return nil, err
	}
	return root, onlyHere(root, root)
}

// open decrypts an element of one of the names. What was in it is read as strictly as a response.
func (v *validation) open(encrypted *node, names ...string) (*node, error) {
	opt := decryptOptions{entityID: v.sp.config.EntityID, allowRSA15: v.sp.config.AllowRSA15Insecure}
	return decryptNode(encrypted, v.sp.config.Decrypt, opt, names...)
}

// decryptClaims puts a name and attributes that were encrypted by themselves in their places.
func (v *validation) decryptClaims(c *claims) error {
	if c.encryptedSubject != nil {
		n, err := v.open(c.encryptedSubject, "NameID")
		if err != nil {
			return err
		}
		if err := c.setNameID(n); err != nil {
			return err
		}
	}
	for _, e := range c.encryptedAttrs {
		n, err := v.open(e, "Attribute")
		if err != nil {
			return err
		}
		if err := c.addAttribute(n); err != nil {
			return err
		}
	}
	return nil
}
