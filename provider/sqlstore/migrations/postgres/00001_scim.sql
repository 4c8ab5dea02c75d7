-- +goose Up

-- A user. user_name, external_id, folded and what is in scim_values are keys: folded where case does
-- not matter, and compared byte by byte. document is the user itself, without its version.
CREATE TABLE scim_users (
	n           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	tenant      text COLLATE "C" NOT NULL,
	id          text COLLATE "C" NOT NULL,
	managed_by  text COLLATE "C" NOT NULL,
	user_name   text COLLATE "C" NOT NULL,
	external_id text COLLATE "C",
	version     text COLLATE "C" NOT NULL,
	listed      text COLLATE "C" NOT NULL, -- what scim_values has of it
	folded      jsonb NOT NULL,
	document    text NOT NULL
);
CREATE UNIQUE INDEX scim_users_id ON scim_users (tenant, id) INCLUDE (n);
CREATE UNIQUE INDEX scim_users_name ON scim_users (tenant, user_name);
CREATE INDEX scim_users_managed ON scim_users (tenant, managed_by, id) INCLUDE (n);
CREATE INDEX scim_users_external ON scim_users (tenant, external_id) WHERE external_id IS NOT NULL;

-- How many users there are, so that a page can tell without counting a million: the sum of all
-- shards, of which each connection changes its own, so that writers do not wait for one another. One
-- alone may be negative.
CREATE TABLE scim_counts (
	tenant     text COLLATE "C" NOT NULL,
	managed_by text COLLATE "C" NOT NULL,
	shard      integer NOT NULL,
	users      bigint NOT NULL,
	PRIMARY KEY (tenant, managed_by, shard)
);

-- +goose StatementBegin
CREATE FUNCTION scim_count_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO scim_counts AS c (tenant, managed_by, shard, users)
		SELECT tenant, managed_by, pg_backend_pid() % 16, count(*) FROM added GROUP BY tenant, managed_by ORDER BY tenant, managed_by
		ON CONFLICT (tenant, managed_by, shard) DO UPDATE SET users = c.users + excluded.users;
	RETURN NULL;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION scim_count_removed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO scim_counts AS c (tenant, managed_by, shard, users)
		SELECT tenant, managed_by, pg_backend_pid() % 16, -count(*) FROM removed GROUP BY tenant, managed_by ORDER BY tenant, managed_by
		ON CONFLICT (tenant, managed_by, shard) DO UPDATE SET users = c.users + excluded.users;
	RETURN NULL;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION scim_count_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO scim_counts AS c (tenant, managed_by, shard, users)
		VALUES (OLD.tenant, OLD.managed_by, pg_backend_pid() % 16, -1), (NEW.tenant, NEW.managed_by, pg_backend_pid() % 16, 1)
		ON CONFLICT (tenant, managed_by, shard) DO UPDATE SET users = c.users + excluded.users;
	RETURN NULL;
END $$;
-- +goose StatementEnd

CREATE TRIGGER scim_users_added AFTER INSERT ON scim_users
	REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION scim_count_added();
CREATE TRIGGER scim_users_removed AFTER DELETE ON scim_users
	REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION scim_count_removed();
CREATE TRIGGER scim_users_moved AFTER UPDATE OF managed_by ON scim_users
	FOR EACH ROW WHEN (OLD.managed_by <> NEW.managed_by) EXECUTE FUNCTION scim_count_moved();

-- The values users are looked up by that have no column, such as those of emails.value.
CREATE TABLE scim_values (
	tenant text COLLATE "C" NOT NULL,
	path   text COLLATE "C" NOT NULL,
	key    text COLLATE "C" NOT NULL,
	user_n bigint NOT NULL REFERENCES scim_users (n) ON DELETE CASCADE,
	PRIMARY KEY (tenant, path, key, user_n)
);
CREATE INDEX scim_values_user ON scim_values (user_n);

CREATE TABLE scim_groups (
	n            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	tenant       text COLLATE "C" NOT NULL,
	id           text COLLATE "C" NOT NULL,
	managed_by   text COLLATE "C" NOT NULL,
	display_name text COLLATE "C" NOT NULL,
	external_id  text COLLATE "C",
	version      text COLLATE "C" NOT NULL,
	display      text NOT NULL, -- as it was written
	folded       jsonb NOT NULL,
	document     text NOT NULL
);
CREATE UNIQUE INDEX scim_groups_id ON scim_groups (tenant, id) INCLUDE (n);
CREATE UNIQUE INDEX scim_groups_name ON scim_groups (tenant, managed_by, display_name);
CREATE INDEX scim_groups_managed ON scim_groups (tenant, managed_by, id) INCLUDE (n);
CREATE INDEX scim_groups_external ON scim_groups (tenant, external_id) WHERE external_id IS NOT NULL;

CREATE TABLE scim_members (
	group_n bigint NOT NULL REFERENCES scim_groups (n) ON DELETE CASCADE,
	member  text COLLATE "C" NOT NULL,
	tenant  text COLLATE "C" NOT NULL,
	PRIMARY KEY (group_n, member)
);
CREATE INDEX scim_members_member ON scim_members (tenant, member);

-- What there is of a user whose name and state are in a table of the host, whose ID it has: all but
-- what the host holds itself.
CREATE TABLE scim_beside (
	n           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	tenant      text COLLATE "C" NOT NULL,
	id          text COLLATE "C" NOT NULL,
	managed_by  text COLLATE "C" NOT NULL,
	external_id text COLLATE "C",
	version     text COLLATE "C" NOT NULL,
	listed      text COLLATE "C" NOT NULL,
	folded      jsonb NOT NULL,
	document    text NOT NULL
);
CREATE UNIQUE INDEX scim_beside_id ON scim_beside (tenant, id) INCLUDE (n);
CREATE INDEX scim_beside_managed ON scim_beside (tenant, managed_by, id) INCLUDE (n);
CREATE INDEX scim_beside_external ON scim_beside (tenant, external_id) WHERE external_id IS NOT NULL;

CREATE TABLE scim_beside_values (
	tenant text COLLATE "C" NOT NULL,
	path   text COLLATE "C" NOT NULL,
	key    text COLLATE "C" NOT NULL,
	user_n bigint NOT NULL REFERENCES scim_beside (n) ON DELETE CASCADE,
	PRIMARY KEY (tenant, path, key, user_n)
);
CREATE INDEX scim_beside_values_user ON scim_beside_values (user_n);

-- Facts about the rest, such as what the keys were made with.
CREATE TABLE scim_facts (
	name  text PRIMARY KEY,
	value text NOT NULL
);
