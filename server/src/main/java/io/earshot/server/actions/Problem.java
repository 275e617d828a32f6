package io.earshot.server.actions;

/**
 * An error in a file of the actions folder, for its author.
 *
 * <p>Immutable.
 *
 * @param file the file's name
 * @param line the line, from 1; 0 if the error is not on one line
 * @param message the error, on one line
 */
record Problem(String file, long line, String message) {
  @Override
  public String toString() {
    return line > 0 ? file + ":" + line + ": " + message : file + ": " + message;
  }
}
