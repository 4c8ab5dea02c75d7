package provider

import (
	"slices"
	"strings"

	"github.com/seed-30109bde/gatehouse/extension"
)

// A setupText is what a step says, by product; that of "" is for those without one.
type setupText map[SetupClient]SetupStep

// of returns the step of a product.
func (t setupText) of(client SetupClient) SetupStep {
	if step, ok := t[client]; ok {
		return step
	}
	if step, ok := t[SetupOkta]; ok && client == SetupOktaCatalog {
		return step
	}
	return t[""]
}

// number returns the steps of a product, with their numbers.
func (w *setup) number(steps []setupText) []SetupStep {
	out := make([]SetupStep, len(steps))
	for i, t := range steps {
		out[i] = t.of(w.client)
		out[i].Number = i + 1
	}
	return out
}

// sso returns the steps of single sign-on.
func (w *setup) sso() []SetupStep {
	ids := []SetupValue{{"Entity ID", w.ids.EntityID}}
	for _, reply := range w.ids.ReplyURLs {
		ids = append(ids, SetupValue{"Reply URL (ACS URL)", reply})
	}
	ids = append(ids, SetupValue{"Sign-on URL", w.ids.StartURL}, SetupValue{"Logout URL", w.ids.LogoutURL})
	google := []SetupValue{{"ACS URL", w.ids.ReplyURLs[0]}, {"Entity ID", w.ids.EntityID}, {"Start URL", w.ids.StartURL}}
	metadata := []SetupValue{{"our metadata", w.ids.Metadata}}
	return w.number([]setupText{
		{"": {Where: w.here + " > Add Provider", Do: "Add the provider, and give it a display name and, unless it is the default one, its domains. Copy the entity ID and the reply URL.", Values: metadata}},
		{
			"":               {Do: "Add an application for SAML 2.0."},
			SetupEntra:       {Where: "Microsoft Entra admin center > Entra ID > Enterprise apps > New application > Create your own application", Do: "Choose \"Integrate any other application you don't find in the gallery (Non-gallery)\". An app registration alone cannot provision."},
			SetupOkta:        {Where: "Okta Admin Console > Applications > Applications > Create App Integration", Do: "Choose SAML 2.0."},
			SetupOktaCatalog: {Where: "Okta Admin Console > Applications > Applications > Browse App Catalog", Do: "Add the app, and choose SAML 2.0 on its page Sign-On Options. Where the catalogue has none for this product, the one below will do for a test; Okta means it for nothing else.", Values: []SetupValue{{"App", "SCIM 2.0 Test App (Header Auth)"}}},
			SetupGoogle:      {Where: "Google Admin console > Apps > Web and mobile apps > Add app > Add custom SAML app", Do: "Name the app."},
		},
		{
			"":               {Do: "Enter our identifiers. The sign-on URL begins a sign-in here, so that a tile in a portal works while sign-ins that begin at the identity provider are off.", Values: ids},
			SetupEntra:       {Where: "the application > Single sign-on > SAML > Basic SAML Configuration", Do: "Enter our identifiers. The sign on URL makes the tile in My Apps work while sign-ins that begin at the identity provider are off.", Values: ids},
			SetupOktaCatalog: {Where: "the app > Sign On > Edit", Do: "Enter our identifiers where the app asks for them. One that does not cannot sign people in here: have an app integration of your own for single sign-on, and this one for provisioning alone.", Values: ids},
			SetupOkta:        {Where: "Configure SAML", Do: "Enter the single sign-on URL (the reply URL) and the audience URI (the entity ID). The tile of a SAML app begins at Okta: allow that here, or give people a bookmark app with the sign-on URL.", Values: ids},
			SetupGoogle:      {Where: "Service provider details", Do: "Enter our identifiers. The start URL begins a sign-in here, so that the tile works while sign-ins that begin at the identity provider are off.", Values: google},
		},
		{
			"":               {Do: "Set the NameID and the claims as in the table below."},
			SetupEntra:       {Where: "the application > Single sign-on > Attributes & Claims", Do: "Set the unique user identifier and the claims as in the table below."},
			SetupOktaCatalog: {Where: "the app > Sign On > Edit", Do: "Set the application username format and the attributes as in the table below."},
			SetupOkta:        {Where: "Configure SAML > Name ID format, Application username, Attribute Statements", Do: "Set the name ID and the attribute statements as in the table below."},
			SetupGoogle:      {Where: "Service provider details > Name ID", Do: "Choose EMAIL as name ID format and Basic Information > Primary email as name ID."},
		},
		{
			"":          {Where: w.here + " > Import metadata", Do: "Import the metadata of the identity provider by URL, file or XML, and look at its entity ID and certificates."},
			SetupEntra:  {Where: w.here + " > Import metadata", Do: "Copy the App Federation Metadata Url from SAML Certificates, and import it by URL."},
			SetupOkta:   {Where: w.here + " > Import metadata", Do: "Copy the Metadata URL from the Sign On tab of the app, and import it by URL."},
			SetupGoogle: {Where: w.here + " > Import metadata", Do: "Download the metadata of the app, and import it as a file."},
		},
		{
			"":         {Where: w.here + " > Test Connection", Do: "Assign yourself at the identity provider, then sign in in the new tab. Save when the test has passed."},
			SetupEntra: {Where: w.here + " > Test Connection", Do: "Assign yourself (the application > Users and groups), then sign in in the new tab. Save when the test has passed."},
			SetupOkta:  {Where: w.here + " > Test Connection", Do: "Assign yourself (the app > Assignments), then sign in in the new tab. Save when the test has passed."},
		},
		{"": {Where: w.here + " > Enable", Do: "Enable single sign-on. It signs in people who are here already: only provisioning creates users."}},
	})
}

// claims returns what an assertion should say.
func (w *setup) claims() []SetupClaim {
	matched := map[SetupClient][2]string{ // the user name, the e-mail address
		SetupEntra: {"user.userprincipalname", "user.mail"}, SetupOkta: {"Okta username", "Email"}, SetupOktaCatalog: {"Okta username", "Email"},
		SetupGoogle: {"Primary email", "Primary email"}, SetupGeneric: {"the sign-in name", "the e-mail address"},
	}[w.client]
	id := SetupClaim{Name: "NameID", Source: matched[0], Note: "format emailAddress; it has to equal the userName that is provisioned"}
	if w.p.Match == MatchWorkEmail {
		id.Source, id.Note = matched[1], "format emailAddress; it has to equal the work e-mail that is provisioned"
	}
	out := []SetupClaim{id}
	switch {
	case w.client == SetupEntra:
		out = append(out, SetupClaim{"http://schemas.microsoft.com/claims/authnmethodsreferences", "sent by itself", "the evidence of a second factor, so that technicians need none here"})
	case w.okta():
		out = append(out, SetupClaim{"amr", "session.amr", "name format Basic; the evidence of a second factor, so that technicians need none here"})
	}
	return out
}

// scim returns the steps of provisioning.
func (w *setup) scim() []SetupStep {
	url := []SetupValue{{"Tenant URL", w.tenantURL}}
	return w.number(slices.Concat(w.scimHere(url), w.scimConnect(url), w.scimAttributes(), w.scimAssign()))
}

// scimHere are the steps in our console.
func (w *setup) scimHere(url []SetupValue) []setupText {
	return []setupText{
		{"": {Where: w.here + " > " + plainName(w.p.Name), Do: "Open the provider. Its single sign-on has to be enabled."}},
		{"": {Do: "Toggle \"Enable SCIM provisioning\", and enter the code of your second factor."}},
		{"": w.grants()},
		{"": {Where: w.here + " > SCIM", Do: "Generate the secret token, and copy it. It is shown once, and expires."}},
		{"": {Do: "Copy the tenant URL. Nothing in it names the provider: the token does.", Values: url}},
	}
}

// grants is the step about what the provider may hand out.
func (w *setup) grants() SetupStep {
	step := SetupStep{Where: w.s.grantsPage(), Do: "Look at what the provider may hand out"}
	g := &w.p.Provisioning.Grants
	if len(g.UserTypes) == 0 { // it has never provisioned
		step.Do += ", and make this sheet anew: it is chosen when provisioning is enabled."
		return step
	}
	step.Do += ": now users of type " + strings.Join(g.UserTypes, " and ")
	for _, id := range w.organizations() {
		step.Values = append(step.Values, SetupValue{"Organization", id})
	}
	switch {
	case g.AnyOrganization:
		step.Do += ", in any organization."
	case len(step.Values) > 0:
		step.Do += ", in these organizations."
	default:
		step.Do += ". Choose organizations: it may use none yet."
	}
	return step
}

// scimConnect are the steps up to a connection.
func (w *setup) scimConnect(url []SetupValue) []setupText {
	return []setupText{
		{
			"":          {Do: "Find where the application is provisioned."},
			SetupEntra:  {Where: "Microsoft Entra admin center > Entra ID > Enterprise apps > the application > Provisioning", Do: "Open provisioning, and choose New configuration (on the older page: provisioning mode Automatic)."},
			SetupOkta:   {Where: "the app > General > App Settings > Edit", Do: "Choose SCIM as provisioning, before any attribute is added: attributes that were added earlier are not sent."},
			SetupGoogle: {Do: "Not available: Google Workspace provisions to apps of its catalogue. Stop here, and provision from a product that has SCIM."},
			SetupOktaCatalog: {
				Where: "the app > Provisioning > Configure API Integration", Do: "Tick Enable API integration, before any attribute is added: attributes that were added earlier are not sent.",
			},
		},
		{
			"":               {Do: "Enter the tenant URL and the token.", Values: url},
			SetupEntra:       {Where: "Admin credentials", Do: "Enter the tenant URL and the secret token.", Values: url},
			SetupOkta:        {Where: "the app > Provisioning > Integration > Edit", Do: "Enter the connector base URL and, as unique identifier field for users, userName. As supported provisioning actions tick " + w.groups("Push New Users, Push Profile Updates and Push Groups", "Push New Users and Push Profile Updates, but not Push Groups") + "; tick no import. Choose HTTP Header as authentication mode, and enter the token.", Values: append(slices.Clone(url), SetupValue{"Unique identifier field for users", "userName"})},
			SetupOktaCatalog: {Do: "Enter the base URL and, as API token, the token.", Values: url},
			SetupGoogle:      notAvailable,
		},
		{
			"":          {Do: "Test the connection. " + w.here + " > SCIM shows that the test has come here."},
			SetupEntra:  {Do: "Choose Test connection, then create or save. " + w.here + " > SCIM shows that the test has come here."},
			SetupOkta:   {Do: "Choose Test Connector Configuration (or Test API Credentials), then save. " + w.here + " > SCIM shows that the test has come here."},
			SetupGoogle: notAvailable,
		},
		{
			"":          {Do: "Have users created, updated and deactivated" + w.groups(", and groups pushed", "; leave groups out: they are not provisioned here") + "."},
			SetupEntra:  {Where: "Mappings", Do: w.groups("Leave Provision Microsoft Entra ID Users and Groups enabled.", "Leave Provision Microsoft Entra ID Users enabled, and turn Provision Microsoft Entra ID Groups off: groups are not provisioned here.")},
			SetupOkta:   {Where: "the app > Provisioning > To App > Edit", Do: "Enable Create Users, Update User Attributes and Deactivate Users; leave Sync Password off, and every import (To Okta) off."},
			SetupGoogle: notAvailable,
		},
	}
}

var notAvailable = SetupStep{Do: "Not available from Google Workspace."}

// groups chooses by whether groups are provisioned here.
func (w *setup) groups(yes, no string) string {
	if w.s.config.Stores.Groups != nil {
		return yes
	}
	return no
}

// scimAttributes are the steps about attributes.
func (w *setup) scimAttributes() []setupText {
	names := []SetupValue{}
	for _, a := range w.attributes() {
		if w.okta() {
			names = append(names, SetupValue{"External name", a.Name}, SetupValue{"External namespace", a.Namespace})
		} else {
			names = append(names, SetupValue{a.Type, a.Path})
		}
	}
	return []setupText{
		{
			"":          {Do: "Add the attributes below to those that the application knows.", Values: names},
			SetupEntra:  {Where: "Mappings > Provision Microsoft Entra ID Users > Show advanced options > Edit attribute list for customappsso", Do: "Add the attributes below at the end of the list, and save.", Values: names},
			SetupOkta:   {Where: "Directory > Profile Editor > the app > Add Attribute", Do: "Add the attributes below, with data type and namespace exactly as they are here.", Values: names},
			SetupGoogle: notAvailable,
		},
		{
			"":          {Do: "Match users by userName."},
			SetupEntra:  {Where: "Mappings > Provision Microsoft Entra ID Users", Do: "Leave userPrincipalName to userName as the one with matching precedence 1, and set the others as in the mapping below. Delete those that are not in it."},
			SetupOkta:   {Where: "the app > Sign On > Application username format", Do: "Choose what userName is, an e-mail address, as for the name ID."},
			SetupGoogle: notAvailable,
		},
		{
			"":          {Do: "Map " + extension.OrganizationID + " as below. Technicians need one too."},
			SetupEntra:  {Where: "Add New Mapping", Do: "Map " + extension.OrganizationID + " as below, by a constant, directly or by an expression. Technicians need one too."},
			SetupOkta:   {Where: "Directory > Profile Editor > the app > Mappings > Okta User to the app", Do: "Map " + extension.OrganizationID + " as below, and apply it on create and update. Technicians need one too."},
			SetupGoogle: notAvailable,
		},
		w.scimUserType(),
	}
}

// scimUserType is the step about the user type, and about what its expression asks for.
func (w *setup) scimUserType() setupText {
	mapped := "Map " + extension.UserType + " as below: whatever happens the value is one of the two, in exactly this spelling."
	if len(w.userTypes()) < 2 {
		return setupText{
			"":          {Do: "Map " + extension.UserType + " as below, a constant in exactly this spelling."},
			SetupGoogle: notAvailable,
		}
	}
	role := "Create an app role for users and groups, and assign technicians with it, each with this role alone: of several roles Entra ID takes any. "
	return setupText{
		"":          {Do: mapped},
		SetupEntra:  {Where: "Entra ID > App registrations > All applications > the application > App roles > Create app role", Do: role + mapped, Values: []SetupValue{{"Display name", extension.Technician}, {"Value", extension.Technician}}},
		SetupOkta:   {Do: "Have a group for technicians, by the name that is in the expression. " + mapped},
		SetupGoogle: notAvailable,
	}
}

// scimAssign are the steps that bring people.
func (w *setup) scimAssign() []setupText {
	return []setupText{
		{
			"":          {Do: "Assign one person."},
			SetupEntra:  {Where: "the application > Users and groups > Add user/group", Do: "Assign one person, and leave the scope at assigned users and groups. Disabled people are not created."},
			SetupOkta:   {Where: "the app > Assignments > Assign", Do: "Assign one person."},
			SetupGoogle: notAvailable,
		},
		{
			"":          {Do: "Look at whether the person is here, with organization and user type; if not, " + w.here + " > SCIM says why."},
			SetupEntra:  {Where: "the application > Provisioning > Provision on demand", Do: "Provision this person on demand, and look at each step. What is refused says why, and " + w.here + " > SCIM shows it too."},
			SetupGoogle: notAvailable,
		},
		{
			"":          {Do: "Assign everybody else. An existing user of the same user name is taken over; an administrator needs your approval here."},
			SetupGoogle: notAvailable,
		},
		{
			"":          {Do: w.groups("Push groups, if roles are to follow from them.", "Push no groups: they are not provisioned here.")},
			SetupEntra:  {Do: w.groups("Assign groups, if roles are to follow from them: direct members only.", "Assign groups for their members only: groups are not provisioned here.")},
			SetupOkta:   {Where: "the app > Push Groups", Do: w.groups("Push groups, if roles are to follow from them; use other ones than for the assignment.", "Push no groups: they are not provisioned here.")},
			SetupGoogle: notAvailable,
		},
		{
			"":          {Where: w.here + " > SCIM", Do: "Watch health: the last request, and who is refused."},
			SetupEntra:  {Where: "the application > Provisioning > Start provisioning", Do: "Start. The first cycle can take 40 minutes, and each one after comes about every 40 minutes; " + w.here + " > SCIM shows the last request, and who is refused."},
			SetupGoogle: notAvailable,
		},
	}
}

// plainName is what a provider is called in a path of menus.
func plainName(name string) string {
	if name == "" {
		return "the provider"
	}
	return name
}
