package io.earshot.config;

/**
 * Names, with {@code *} for anything. It takes no longer than the product of two lengths, whatever
 * name a client thinks of.
 *
 * <p>Immutable.
 */
public record Glob(String pattern) {

  public boolean matches(String name) {
    int at = 0;
    int in = 0;
    int star = -1; // the last one, and what is tried after it
    int from = 0;
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
