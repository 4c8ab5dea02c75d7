package main

import (
	"database/sql"
	"fmt"
	"io"
	"net/http"
	"strings"
	"text/tabwriter"
)

const welcomeText = `A host whose users have a table of its own serves SCIM 2.0. Enter at the identity provider:

  Tenant URL    SITE/ws/scim/v2
  Secret token  TOKEN

See the table, and the host's own audit beside it:

  curl -sS SITE/

Nobody is managed by the provider yet, so it sees nobody:

  curl -sS -w '\n' -H 'Authorization: Bearer TOKEN' SITE/ws/scim/v2/Users

But it finds who is of its domain by name, as it does before it would create somebody:

  curl -sS -w '\n' -H 'Authorization: Bearer TOKEN' -G SITE/ws/scim/v2/Users --data-urlencode 'filter=userName eq "ADA@example.com"'

A change takes her over:

  curl -sS -w '\n' -H 'Authorization: Bearer TOKEN' -H 'Content-Type: application/scim+json' -X PATCH SITE/ws/scim/v2/Users/ADA -d '{"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [{"op": "replace", "value": {"title": "Analyst", "externalId": "e-1", "name.familyName": "King"}}]}'

Somebody new gets a row as anybody who signs up:

  curl -sS -w '\n' -H 'Authorization: Bearer TOKEN' -H 'Content-Type: application/scim+json' SITE/ws/scim/v2/Users -d '{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "mary@example.com", "name": {"givenName": "Mary", "familyName": "Somerville"}, "emails": [{"type": "work", "value": "mary@example.com"}]}'

Ctrl-C ends the server.
`

// welcome prints what to do next.
func welcome(w io.Writer, site, token, ada string) error {
	_, err := io.WriteString(w, strings.NewReplacer("SITE", site, "TOKEN", token, "/ADA ", "/"+ada+" ").Replace(welcomeText))
	return err
}

// showTables answers with the host's own tables, as text.
func showTables(w http.ResponseWriter, r *http.Request, db *sql.DB) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	tab := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	defer tab.Flush()
	for _, text := range []string{
		"SELECT CAST(id AS text) AS id, login, given_name || ' ' || family_name AS name, CASE WHEN deleted_at IS NOT NULL THEN 'deleted' WHEN active THEN 'active' ELSE 'inactive' END AS state FROM users ORDER BY login",
		"SELECT actor, action, subject, tenant FROM audit",
	} {
		if err := showRows(tab, r, db, text); err != nil {
			fmt.Fprintln(tab, "that failed:", err)
			return
		}
	}
}

func showRows(tab io.Writer, r *http.Request, db *sql.DB, text string) error {
	rows, err := db.QueryContext(r.Context(), text)
	if err != nil {
		return err
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		return err
	}
	fmt.Fprintln(tab, strings.ToUpper(strings.Join(names, "\t")))
	cells := make([]string, len(names))
	into := make([]any, len(names))
	for i := range cells {
		into[i] = &cells[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		fmt.Fprintln(tab, strings.Join(cells, "\t"))
	}
	fmt.Fprintln(tab)
	return rows.Err()
}
