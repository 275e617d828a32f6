package io.earshot.server.settings;

/**
 * The value that one source gives to one setting.
 *
 * <p>Immutable.
 *
 * @param path the path of the setting, which may be unknown
 * @param value a text, or a list of texts
 * @param source the source, for error messages: "environment variable EARSHOT_…"
 */
public record Assignment(String path, Object value, String source) {}
