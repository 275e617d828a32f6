package io.earshot;

import io.earshot.protocol.Cursor;

/** A message as JSON, and where in the order it is. */
@SuppressWarnings("ArrayRecordComponent") // never compared
record StoredMessage(byte[] json, Cursor place) {}
