package io.earshot.history;

import io.earshot.protocol.Cursor;

/** A message as JSON, and where in the order it is. */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record StoredMessage(byte[] json, Cursor place) {}
