package io.earshot.server;

/**
 * One setting as one source gives it.
 *
 * <p>Immutable.
 *
 * @param path the setting, or what somebody took for one
 * @param value a text, or a list of texts
 * @param source where it stands, for whoever must find it again: "environment variable EARSHOT_…"
 */
record Assignment(String path, Object value, String source) {}
