package sqlstore

import "github.com/seed-30109bde/gatehouse/scim"

// Statement returns the statement for the rows of a page.
func (b *Beside) Statement(tenant scim.TenantID, q scim.Query) (page string, args []any, err error) {
	l, err := b.listing(tenant, q)
	if err != nil {
		return "", nil, err
	}
	st := l.page()
	return st.String(), st.args, nil
}
