-- +goose Up

-- A user. user_name, external_id, folded and what is in scim_values are keys: folded where case does
-- not matter, and compared byte by byte. document is the user itself, without its version.
CREATE TABLE scim_users (
	n           INTEGER PRIMARY KEY,
	tenant      TEXT NOT NULL,
	id          TEXT NOT NULL,
	managed_by  TEXT NOT NULL,
	user_name   TEXT NOT NULL,
	external_id TEXT,
	version     TEXT NOT NULL,
	listed      TEXT NOT NULL, -- what scim_values has of it
	folded      TEXT NOT NULL,
	document    TEXT NOT NULL
);
CREATE UNIQUE INDEX scim_users_id ON scim_users (tenant, id);
CREATE UNIQUE INDEX scim_users_name ON scim_users (tenant, user_name);
CREATE INDEX scim_users_managed ON scim_users (tenant, managed_by, id);
CREATE INDEX scim_users_external ON scim_users (tenant, external_id) WHERE external_id IS NOT NULL;

-- How many users there are, so that a page can tell without counting a million. shard is for
-- PostgreSQL, where writers would wait for one another.
CREATE TABLE scim_counts (
	tenant     TEXT NOT NULL,
	managed_by TEXT NOT NULL,
	shard      INTEGER NOT NULL,
	users      INTEGER NOT NULL,
	PRIMARY KEY (tenant, managed_by, shard)
) WITHOUT ROWID;

-- +goose StatementBegin
CREATE TRIGGER scim_users_added AFTER INSERT ON scim_users BEGIN
	INSERT INTO scim_counts (tenant, managed_by, shard, users) VALUES (NEW.tenant, NEW.managed_by, 0, 1)
		ON CONFLICT DO UPDATE SET users = users + 1;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER scim_users_removed AFTER DELETE ON scim_users BEGIN
	UPDATE scim_counts SET users = users - 1 WHERE tenant = OLD.tenant AND managed_by = OLD.managed_by;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER scim_users_moved AFTER UPDATE OF managed_by ON scim_users WHEN OLD.managed_by <> NEW.managed_by BEGIN
	UPDATE scim_counts SET users = users - 1 WHERE tenant = OLD.tenant AND managed_by = OLD.managed_by;
	INSERT INTO scim_counts (tenant, managed_by, shard, users) VALUES (NEW.tenant, NEW.managed_by, 0, 1)
		ON CONFLICT DO UPDATE SET users = users + 1;
END;
-- +goose StatementEnd

-- The values users are looked up by that have no column, such as those of emails.value.
CREATE TABLE scim_values (
	tenant TEXT NOT NULL,
	path   TEXT NOT NULL,
	key    TEXT NOT NULL,
	user_n INTEGER NOT NULL REFERENCES scim_users (n) ON DELETE CASCADE,
	PRIMARY KEY (tenant, path, key, user_n)
) WITHOUT ROWID;
CREATE INDEX scim_values_user ON scim_values (user_n);

CREATE TABLE scim_groups (
	n            INTEGER PRIMARY KEY,
	tenant       TEXT NOT NULL,
	id           TEXT NOT NULL,
	managed_by   TEXT NOT NULL,
	display_name TEXT NOT NULL,
	external_id  TEXT,
	version      TEXT NOT NULL,
	display      TEXT NOT NULL, -- as it was written
	folded       TEXT NOT NULL,
	document     TEXT NOT NULL
);
CREATE UNIQUE INDEX scim_groups_id ON scim_groups (tenant, id);
CREATE UNIQUE INDEX scim_groups_name ON scim_groups (tenant, managed_by, display_name);
CREATE INDEX scim_groups_managed ON scim_groups (tenant, managed_by, id);
CREATE INDEX scim_groups_external ON scim_groups (tenant, external_id) WHERE external_id IS NOT NULL;

CREATE TABLE scim_members (
	group_n INTEGER NOT NULL REFERENCES scim_groups (n) ON DELETE CASCADE,
	member  TEXT NOT NULL,
	tenant  TEXT NOT NULL,
	PRIMARY KEY (group_n, member)
) WITHOUT ROWID;
CREATE INDEX scim_members_member ON scim_members (tenant, member);

-- What there is of a user whose name and state are in a table of the host, whose ID it has: all but
-- what the host holds itself.
CREATE TABLE scim_beside (
	n           INTEGER PRIMARY KEY,
	tenant      TEXT NOT NULL,
	id          TEXT NOT NULL,
	managed_by  TEXT NOT NULL,
	external_id TEXT,
	version     TEXT NOT NULL,
	listed      TEXT NOT NULL,
	folded      TEXT NOT NULL,
	document    TEXT NOT NULL
);
CREATE UNIQUE INDEX scim_beside_id ON scim_beside (tenant, id);
CREATE INDEX scim_beside_managed ON scim_beside (tenant, managed_by, id);
CREATE INDEX scim_beside_external ON scim_beside (tenant, external_id) WHERE external_id IS NOT NULL;

CREATE TABLE scim_beside_values (
	tenant TEXT NOT NULL,
	path   TEXT NOT NULL,
	key    TEXT NOT NULL,
	user_n INTEGER NOT NULL REFERENCES scim_beside (n) ON DELETE CASCADE,
	PRIMARY KEY (tenant, path, key, user_n)
) WITHOUT ROWID;
CREATE INDEX scim_beside_values_user ON scim_beside_values (user_n);

-- Facts about the rest, such as what the keys were made with.
CREATE TABLE scim_facts (
	name  TEXT PRIMARY KEY,
	value TEXT NOT NULL
) WITHOUT ROWID;

-- What the planner believes until somebody runs ANALYZE: many users in few tenants.
ANALYZE sqlite_schema;
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
	('scim_users', 'scim_users_id', '1000000 100000 1'),
	('scim_users', 'scim_users_name', '1000000 100000 1'),
	('scim_users', 'scim_users_managed', '1000000 100000 50000 1'),
	('scim_users', 'scim_users_external', '1000000 100000 2'),
	('scim_values', 'scim_values', '1000000 100000 100000 2 1'),
	('scim_values', 'scim_values_user', '1000000 2'),
	('scim_beside', 'scim_beside_id', '1000000 100000 1'),
	('scim_beside', 'scim_beside_managed', '1000000 100000 50000 1'),
	('scim_beside', 'scim_beside_external', '1000000 100000 2'),
	('scim_beside_values', 'scim_beside_values', '1000000 100000 100000 2 1'),
	('scim_beside_values', 'scim_beside_values_user', '1000000 2'),
	('scim_groups', 'scim_groups_id', '10000 1000 1'),
	('scim_groups', 'scim_groups_name', '10000 1000 500 1'),
	('scim_groups', 'scim_groups_managed', '10000 1000 500 1'),
	('scim_groups', 'scim_groups_external', '10000 1000 2'),
	('scim_members', 'scim_members', '1000000 1000 1'),
	('scim_members', 'scim_members_member', '1000000 100000 5');
ANALYZE sqlite_schema;
