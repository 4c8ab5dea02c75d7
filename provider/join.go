package provider

// A Join says how a NameID relates to the users of a tenant.
type Join struct {
	NameID  string
	User    string     // the ID of the user that it signs in; "" = none
	Reason  Reason     // why none
	Nearest []Neighbor // users that may be meant, the nearest first
	Advice  string     // which claim to change at the identity provider, in a sentence; "" = none
}

// A Neighbor is a user who may be meant by a NameID.
type Neighbor struct {
	ID       string
	UserName string
	How      string // what is alike, such as "same work e-mail"
}
