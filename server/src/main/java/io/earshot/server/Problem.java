package io.earshot.server;

/**
 * What is wrong with a file of actions, for whoever writes it.
 *
 * <p>Immutable.
 *
 * @param file the file's name
 * @param line the line, from 1; 0 if it is about no line
 * @param message what is wrong, in one line
 */
record Problem(String file, long line, String message) {
  @Override
  public String toString() {
    return line > 0 ? file + ":" + line + ": " + message : file + ": " + message;
  }
}
