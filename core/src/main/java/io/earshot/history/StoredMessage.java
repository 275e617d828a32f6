package io.earshot.history;

import io.earshot.protocol.Cursor;

/**
 * A message and its place in the room's order.
 *
 * @param json the message as UTF-8
 * @param place the epoch and the offset of the message
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record StoredMessage(byte[] json, Cursor place) {}
