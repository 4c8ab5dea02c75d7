package sqlstore

import (
	"context"
	"database/sql"
	"sync"
)

// Tx runs statements of the host in a transaction of the store, or of the store in one of the
// host. *sql.Tx is one; so are *sql.Conn and *sql.DB, which are none to the database.
type Tx interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// preparer is a *sql.DB or a *sql.Conn.
type preparer interface {
	Tx
	PrepareContext(ctx context.Context, query string) (*sql.Stmt, error)
}

// maxStatements bounds how many prepared statements are kept, for a pool or a connection. The texts
// are made of shapes of filters, of which identity providers have a dozen.
const maxStatements = 256

// prepared keeps statements. SQLite compiles a text each time it is given one, which takes longer
// than a look-up; the drivers of PostgreSQL keep their own.
type prepared struct {
	from preparer
	mu   sync.Mutex
	m    map[string]*sql.Stmt
}

// statement returns the prepared statement of a text, nil if there are too many already.
func (p *prepared) statement(ctx context.Context, text string) (*sql.Stmt, error) {
	p.mu.Lock()
	stmt, full := p.m[text], len(p.m) >= maxStatements
	p.mu.Unlock()
	if stmt != nil || full {
		return stmt, nil
	}
	stmt, err := p.from.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if other := p.m[text]; other != nil {
		stmt.Close()
		return other, nil
	}
	if p.m == nil {
		p.m = map[string]*sql.Stmt{}
	}
	p.m[text] = stmt
	return stmt, nil
}

// ExecContext runs a statement.
func (p *prepared) ExecContext(ctx context.Context, text string, args ...any) (sql.Result, error) {
	stmt, err := p.statement(ctx, text)
	switch {
	case err != nil:
		return nil, err
	case stmt == nil:
		return p.from.ExecContext(ctx, text, args...)
	}
	return stmt.ExecContext(ctx, args...)
}

// QueryContext runs a query.
func (p *prepared) QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	stmt, err := p.statement(ctx, text)
	switch {
	case err != nil:
		return nil, err
	case stmt == nil:
		return p.from.QueryContext(ctx, text, args...)
	}
	return stmt.QueryContext(ctx, args...)
}

// QueryRowContext runs a query of one row.
func (p *prepared) QueryRowContext(ctx context.Context, text string, args ...any) *sql.Row {
	return p.from.QueryRowContext(ctx, text, args...)
}

// close closes all statements.
func (p *prepared) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, stmt := range p.m {
		stmt.Close()
	}
	p.m = nil
}
