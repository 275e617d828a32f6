package io.earshot.spi;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What the program that runs a server knows beyond the server: shown to its operator. Found by
 * {@link java.util.ServiceLoader}; a program that embeds the server needs none.
 *
 * <p>Thread-safe, and does not block.
 */
public interface ProgramInfo {

  /** What is known of a program that says nothing. */
  ProgramInfo NONE =
      new ProgramInfo() {
        @Override
        public String version() {
          return "";
        }

        @Override
        public List<LogLine> logAfter(long number) {
          return List.of();
        }

        @Override
        public Map<String, String> logLevels() {
          return Map.of();
        }

        @Override
        public boolean setLogLevel(String logger, @Nullable String level) {
          return false;
        }
      };

  /**
   * A line of the log.
   *
   * @param number the number of the line, which increases by 1 from line to line
   * @param text the line, without its end
   */
  record LogLine(long number, String text) {}

  /**
   * The version of the program.
   *
   * @return a text such as {@code 1.2.3}; empty if it is not known
   */
  String version();

  /**
   * The last lines of the log; a bounded number of them.
   *
   * @param number only lines after this number are returned
   * @return the lines, the oldest first; none if they are not known
   */
  List<LogLine> logAfter(long number);

  /**
   * The levels of the loggers that have one of their own.
   *
   * @return levels such as {@code INFO}, by the name of the logger; {@code ROOT} stands for all
   *     others. Empty if the program has no such levels
   */
  Map<String, String> logLevels();

  /**
   * Changes the level of a logger and of those below it.
   *
   * @param logger the name of the logger, such as {@code io.earshot.cluster}, or {@code ROOT}
   * @param level {@code TRACE}, {@code DEBUG}, {@code INFO}, {@code WARN}, {@code ERROR} or {@code
   *     OFF}; null for the level of the logger above
   * @return false if the program has no such levels
   */
  boolean setLogLevel(String logger, @Nullable String level);
}
