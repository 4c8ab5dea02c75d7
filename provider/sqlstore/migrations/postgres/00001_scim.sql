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

-- Facts about the rest, such as what the keys were made with.
CREATE TABLE scim_facts (
	name  text PRIMARY KEY,
	value text NOT NULL
);
