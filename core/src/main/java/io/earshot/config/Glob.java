package io.earshot.config;

/**
 * A pattern of names, in which {@code *} matches any characters. A match takes at most as many
 * steps as the product of the two lengths, so that no client can choose a slow name.
 *
 * <p>Immutable.
 */
public record Glob(String pattern) {

  public boolean matches(String name) {
    int at = 0;
    int in = 0;
    int star = -1; // the last * so far
    int from = 0; // where the name goes on if that * matches one character more
    while (in < name.length()) {
      if (at < pattern.length() && pattern.charAt(at) == '*') {
        star = at++;
        from = in;
      } else if (at < pattern.length() && pattern.charAt(at) == name.charAt(in)) {
        at++;
        in++;
      } else if (star >= 0) {
        at = star + 1;
        in = ++from;
      } else {
        return false;
      }
    }
    while (at < pattern.length() && pattern.charAt(at) == '*') {
      at++;
    }
    return at == pattern.length();
  }
}
