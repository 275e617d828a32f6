-- Earshot's tables and functions, version 1. The server runs this when the schema has no tables; the
-- name of the schema is that of the setting postgres.schema.

CREATE TABLE earshot.version (version integer NOT NULL);
INSERT INTO earshot.version VALUES (1);

-- The cluster, or the single server, that uses the schema while any of its servers is connected.
CREATE TABLE earshot.deployment (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  identity text NOT NULL,
  since timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE earshot.messages (
  room text NOT NULL,
  epoch text NOT NULL,
  "offset" bigint NOT NULL,
  id bigint GENERATED ALWAYS AS IDENTITY,  -- an epoch's place among the room's: its first id
  sent_at timestamptz NOT NULL,
  sender text NOT NULL,                    -- the field "from"
  user_id text,                            -- of a sender who is logged in
  user_info jsonb,                         -- the field "user"
  message jsonb NOT NULL,
  raw json,                                -- the message as clients got it, where jsonb cannot hold it
  audience jsonb,                          -- the key and the value, of a message for some members
  bytes integer NOT NULL,                  -- the length of the message as clients got it
  PRIMARY KEY (room, epoch, "offset")
);
CREATE INDEX messages_for_all ON earshot.messages (room, epoch, "offset") WHERE audience IS NULL;
CREATE INDEX messages_sent_at ON earshot.messages (sent_at);

-- Messages that PostgreSQL refused, with the reason.
CREATE TABLE earshot.messages_dead (
  room text NOT NULL,
  epoch text NOT NULL,
  "offset" bigint NOT NULL,
  told bytea NOT NULL,
  reason text NOT NULL,
  died_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (room, epoch, "offset")
);

CREATE TABLE earshot.outbox (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  room text NOT NULL,
  message jsonb NOT NULL,
  sender text,
  key text,
  said_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  bytes integer NOT NULL GENERATED ALWAYS AS (octet_length(message::text)) STORED
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

-- Messages of the outbox that no room can be told, with the reason.
CREATE TABLE earshot.outbox_dead (
  id bigint PRIMARY KEY,
  room text NOT NULL,
  message jsonb NOT NULL,
  sender text,
  key text,
  said_at timestamptz NOT NULL,
  reason text NOT NULL,
  died_at timestamptz NOT NULL DEFAULT now()
);

-- The messages that are being told, and how far their rooms were before.
CREATE TABLE earshot.outbox_claim (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  ids bigint[] NOT NULL DEFAULT '{}',
  ends jsonb NOT NULL DEFAULT '{}',
  claimed_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO earshot.outbox_claim DEFAULT VALUES;

CREATE FUNCTION earshot.outbox_notify() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM pg_notify(TG_TABLE_SCHEMA, '');
  RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION earshot.outbox_notify() FROM PUBLIC;

CREATE TRIGGER outbox_notify AFTER INSERT ON earshot.outbox
FOR EACH STATEMENT EXECUTE FUNCTION earshot.outbox_notify();

-- Tells a room a message when, and only if, the transaction commits.
CREATE FUNCTION earshot.earshot_say(
  room text, message jsonb, from_ text DEFAULT NULL, key text DEFAULT NULL) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  INSERT INTO earshot.outbox (room, message, sender, key)
  VALUES (earshot_say.room, earshot_say.message, earshot_say.from_, earshot_say.key)
  RETURNING id
$$;
REVOKE ALL ON FUNCTION earshot.earshot_say(text, jsonb, text, text) FROM PUBLIC;
