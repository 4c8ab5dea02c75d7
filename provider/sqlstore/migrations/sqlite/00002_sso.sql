-- +goose Up

-- An identity provider of a tenant. The keys are digests of what may be long, and unique in the whole
-- database. name is folded, and so is search, which has all that a provider is searched by. Times are
-- milliseconds since 1970.
CREATE TABLE sso_providers (
	id              TEXT NOT NULL PRIMARY KEY,
	tenant          TEXT NOT NULL,
	version         TEXT NOT NULL,
	name            TEXT NOT NULL,
	entity_key      TEXT NOT NULL,
	issuer_key      TEXT, -- of the issuer and the reply URL, if that is a product's own
	state           TEXT NOT NULL,
	scim            INTEGER NOT NULL,
	certificate_end INTEGER,
	search          TEXT NOT NULL,
	document        TEXT NOT NULL
) WITHOUT ROWID;
CREATE UNIQUE INDEX sso_providers_entity ON sso_providers (entity_key);
CREATE UNIQUE INDEX sso_providers_issuer ON sso_providers (issuer_key) WHERE issuer_key IS NOT NULL;
CREATE UNIQUE INDEX sso_providers_name ON sso_providers (tenant, name) WHERE name <> '';
CREATE INDEX sso_providers_list ON sso_providers (tenant, name, id);

-- The domains of enabled providers. That of the default one is ''.
CREATE TABLE sso_domains (
	tenant   TEXT NOT NULL,
	domain   TEXT NOT NULL,
	provider TEXT NOT NULL REFERENCES sso_providers (id) ON DELETE CASCADE,
	PRIMARY KEY (tenant, domain)
) WITHOUT ROWID;
CREATE INDEX sso_domains_provider ON sso_domains (provider);

CREATE TABLE sso_tests (
	provider TEXT NOT NULL REFERENCES sso_providers (id) ON DELETE CASCADE,
	id       TEXT NOT NULL,
	began    INTEGER NOT NULL,
	document TEXT NOT NULL,
	PRIMARY KEY (provider, id)
) WITHOUT ROWID;

CREATE TABLE sso_events (
	n        INTEGER PRIMARY KEY AUTOINCREMENT,
	tenant   TEXT NOT NULL,
	at       INTEGER NOT NULL,
	type     TEXT NOT NULL,
	provider TEXT NOT NULL,
	user_id  TEXT NOT NULL,
	by_name  TEXT NOT NULL,
	incident TEXT NOT NULL,
	sent     INTEGER NOT NULL,
	document TEXT NOT NULL
);
CREATE INDEX sso_events_tenant ON sso_events (tenant, n);
CREATE INDEX sso_events_type ON sso_events (tenant, type, n);
CREATE INDEX sso_events_provider ON sso_events (tenant, provider, n);
CREATE INDEX sso_events_user ON sso_events (tenant, user_id, n) WHERE user_id <> '';
CREATE INDEX sso_events_incident ON sso_events (tenant, incident) WHERE incident <> '';
CREATE INDEX sso_events_unsent ON sso_events (n) WHERE sent = 0;
CREATE INDEX sso_events_at ON sso_events (at);

-- What is kept of SCIM tokens: a digest, in the document.
CREATE TABLE sso_tokens (
	id        TEXT NOT NULL PRIMARY KEY,
	provider  TEXT NOT NULL REFERENCES sso_providers (id) ON DELETE CASCADE,
	created   INTEGER NOT NULL,
	last_used INTEGER NOT NULL,
	document  TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX sso_tokens_provider ON sso_tokens (provider, created);

-- When an identity provider was last heard of, and of whom its last write was refused.
CREATE TABLE sso_seen (
	provider  TEXT NOT NULL PRIMARY KEY REFERENCES sso_providers (id) ON DELETE CASCADE,
	requested INTEGER NOT NULL,
	succeeded INTEGER NOT NULL,
	tested    INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE sso_failures (
	provider TEXT NOT NULL REFERENCES sso_providers (id) ON DELETE CASCADE,
	subject  TEXT NOT NULL,
	since    INTEGER NOT NULL,
	count    INTEGER NOT NULL,
	document TEXT NOT NULL,
	PRIMARY KEY (provider, subject)
) WITHOUT ROWID;

-- Users whose roles have to be looked at.
CREATE TABLE sso_queue (
	tenant  TEXT NOT NULL,
	user_id TEXT NOT NULL,
	stamp   TEXT NOT NULL,
	PRIMARY KEY (tenant, user_id)
) WITHOUT ROWID;

CREATE TABLE sso_once (
	tenant TEXT NOT NULL,
	key    TEXT NOT NULL,
	until  INTEGER NOT NULL,
	PRIMARY KEY (tenant, key)
) WITHOUT ROWID;
CREATE INDEX sso_once_until ON sso_once (until);

-- Sessions that are over: of a user, or of all users of a provider.
CREATE TABLE sso_revocations (
	tenant       TEXT NOT NULL,
	user_id      TEXT NOT NULL,
	provider     TEXT NOT NULL,
	acknowledged INTEGER NOT NULL,
	next         INTEGER NOT NULL,
	until        INTEGER NOT NULL,
	document     TEXT NOT NULL,
	PRIMARY KEY (tenant, user_id, provider)
) WITHOUT ROWID;
CREATE INDEX sso_revocations_next ON sso_revocations (next) WHERE acknowledged = 0;
CREATE INDEX sso_revocations_until ON sso_revocations (until);

-- What must not be used twice.
CREATE TABLE sso_replays (
	key   TEXT NOT NULL PRIMARY KEY,
	until INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX sso_replays_until ON sso_replays (until);
