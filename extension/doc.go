// Package extension knows the SCIM schema extension
// urn:ietf:params:scim:schemas:extension:ninjaone:2.0:User: its two attributes, and the rules
// that decide which of their values a user gets.
//
//   - userType is [Technician] or [EndUser], in exactly this spelling. Without one a user is an
//     end user. Case is not folded: that would turn a typing mistake into a privilege.
//   - organizationId places an end user in an organization, or in every one if it is [All],
//     which is reserved and read in any case. A technician may have one; it means nothing.
//
// [Rules.Create] judges a new user, [Rules.Update] a change, and [Rules.Leave] a change that
// ends with the user deactivated. They promise:
//
//   - Only a value that changes is judged. What was stored under older rules, or before an
//     organization was deleted, never stands in the way of another change.
//   - A technician can always be made an end user. If no organization can be found for them,
//     the result is an end user without one, who sees nothing.
//   - A leaver can always leave. What is wrong with the request is reported, not enforced.
//   - An organization gets meaning only after Rules.Resolve, if there is one, has agreed.
//   - A refusal is an [*Error], which names attribute, value and rule in words for an
//     administrator. Any other error says that no verdict was reached, and that asking again
//     may help.
//
// The package refuses to guess. It neither corrects a userType nor picks an organization that
// nobody configured. It opens no connection, keeps no state, and knows nothing of HTTP,
// databases or SCIM messages: whoever calls it has already turned those into a [User]. It does
// not decide which roles follow from a userType, nor whether an account is an administrator.
//
// The attributes are those of the vendor's how-to for provisioning from Microsoft Entra ID; the
// form in which [Schema] describes them is that of RFC 7643 §7.
package extension
