-- +goose Up

-- An identity provider of a tenant. The keys are digests of what may be long, and unique in the whole
-- database. name is folded, and so is search, which has all that a provider is searched by. Times are
-- milliseconds since 1970.
CREATE TABLE sso_providers (
	id              text COLLATE "C" NOT NULL PRIMARY KEY,
	tenant          text COLLATE "C" NOT NULL,
	version         text COLLATE "C" NOT NULL,
	name            text COLLATE "C" NOT NULL,
	entity_key      text COLLATE "C" NOT NULL,
	issuer_key      text COLLATE "C", -- of the issuer and the reply URL, if that is a product's own
	state           text COLLATE "C" NOT NULL,
	scim            bigint NOT NULL,
	certificate_end bigint,
	search          text COLLATE "C" NOT NULL,
	document        text NOT NULL
);
CREATE UNIQUE INDEX sso_providers_entity ON sso_providers (entity_key);
CREATE UNIQUE INDEX sso_providers_issuer ON sso_providers (issuer_key) WHERE issuer_key IS NOT NULL;
CREATE UNIQUE INDEX sso_providers_name ON sso_providers (tenant, name) WHERE name <> '';
CREATE INDEX sso_providers_list ON sso_providers (tenant, name, id);

-- The domains of enabled providers. That of the default one is ''.
CREATE TABLE sso_domains (
	tenant   text COLLATE "C" NOT NULL,
	domain   text COLLATE "C" NOT NULL,
	provider text COLLATE "C" NOT NULL REFERENCES sso_providers (id) ON DELETE CASCADE,
	PRIMARY KEY (tenant, domain)
);
CREATE INDEX sso_domains_provider ON sso_domains (provider);

CREATE TABLE sso_tests (
	provider text COLLATE "C" NOT NULL REFERENCES sso_providers (id) ON DELETE CASCADE,
	id       text COLLATE "C" NOT NULL,
	began    bigint NOT NULL,
	document text COLLATE "C" NOT NULL,
	PRIMARY KEY (provider, id)
);

CREATE TABLE sso_events (
	n        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	tenant   text COLLATE "C" NOT NULL,
	at       bigint NOT NULL,
	type     text COLLATE "C" NOT NULL,
	provider text COLLATE "C" NOT NULL,
	user_id  text COLLATE "C" NOT NULL,
	by_name  text COLLATE "C" NOT NULL,
	incident text COLLATE "C" NOT NULL,
	sent     bigint NOT NULL,
	document text COLLATE "C" NOT NULL
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
	id        text COLLATE "C" NOT NULL PRIMARY KEY,
	provider  text COLLATE "C" NOT NULL REFERENCES sso_providers (id) ON DELETE CASCADE,
	created   bigint NOT NULL,
	last_used bigint NOT NULL,
	document  text NOT NULL
);
CREATE INDEX sso_tokens_provider ON sso_tokens (provider, created);

-- When an identity provider was last heard of, and of whom its last write was refused.
CREATE TABLE sso_seen (
	provider  text COLLATE "C" NOT NULL PRIMARY KEY REFERENCES sso_providers (id) ON DELETE CASCADE,
	requested bigint NOT NULL,
	succeeded bigint NOT NULL,
	tested    bigint NOT NULL
);
CREATE TABLE sso_failures (
	provider text COLLATE "C" NOT NULL REFERENCES sso_providers (id) ON DELETE CASCADE,
	subject  text COLLATE "C" NOT NULL,
	since    bigint NOT NULL,
	count    bigint NOT NULL,
	document text NOT NULL,
	PRIMARY KEY (provider, subject)
);

-- Users whose roles have to be looked at.
CREATE TABLE sso_queue (
	tenant  text COLLATE "C" NOT NULL,
	user_id text COLLATE "C" NOT NULL,
	stamp   text COLLATE "C" NOT NULL,
	PRIMARY KEY (tenant, user_id)
);

CREATE TABLE sso_once (
	tenant text COLLATE "C" NOT NULL,
	key    text COLLATE "C" NOT NULL,
	until  bigint NOT NULL,
	PRIMARY KEY (tenant, key)
);
CREATE INDEX sso_once_until ON sso_once (until);

-- Sessions that are over: of a user, or of all users of a provider.
CREATE TABLE sso_revocations (
	tenant       text COLLATE "C" NOT NULL,
	user_id      text COLLATE "C" NOT NULL,
	provider     text COLLATE "C" NOT NULL,
	acknowledged bigint NOT NULL,
	next         bigint NOT NULL,
	until        bigint NOT NULL,
	document     text COLLATE "C" NOT NULL,
	PRIMARY KEY (tenant, user_id, provider)
);
CREATE INDEX sso_revocations_next ON sso_revocations (next) WHERE acknowledged = 0;
CREATE INDEX sso_revocations_until ON sso_revocations (until);

-- What must not be used twice.
CREATE TABLE sso_replays (
	key   text COLLATE "C" NOT NULL PRIMARY KEY,
	until bigint NOT NULL
);
CREATE INDEX sso_replays_until ON sso_replays (until);
