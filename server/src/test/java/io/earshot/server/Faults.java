package io.earshot.server;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Reports the verdict on each fault: a line on stdout, and a row in the table of the test class in
 * the folder {@code target/cluster-faults}.
 *
 * <p>Owned by the test's thread.
 */
final class Faults {
  private static final Path FOLDER = Path.of("target", "cluster-faults");
  private static final List<String> ROWS = new ArrayList<>();
  private static final List<String> NOTES = new ArrayList<>();

  private Faults() {}

  static void add(String fault, Verdict verdict) {
    String unanswered = verdict.unanswered() == 0 ? "" : " unanswered " + verdict.unanswered();
    String again = verdict.again() == 0 ? "" : " repeated " + verdict.again();
    System.out.printf(
        Locale.ROOT,
        "FAULT %s | said %d ok %d refused %d%s%s | lost %d doubled %d reordered %d | gaps %d |"
            + " healed in %.1f s%n",
        fault,
        verdict.said(),
        verdict.ok(),
        verdict.refused(),
        unanswered,
        again,
        verdict.lost(),
        verdict.doubled(),
        verdict.reordered(),
        verdict.gaps(),
        verdict.healed());
    verdict.details().stream().limit(12).forEach(each -> System.out.println("    " + each));
    ROWS.add(
        String.format(
            Locale.ROOT,
            "| %s | %d | %d | %d | %d | %d | %d | %d | %d | %d | %.1f |",
            fault,
            verdict.said(),
            verdict.ok(),
            verdict.refused(),
            verdict.unanswered(),
            verdict.again(),
            verdict.lost(),
            verdict.doubled(),
            verdict.reordered(),
            verdict.gaps(),
            verdict.healed()));
  }

  /** Reports a measurement that has no column in the table. */
  static void note(String fault, String what) {
    System.out.println("FAULT " + fault + " | " + what);
    NOTES.add("- " + fault + ": " + what);
  }

  /** Writes the table of a test class, and forgets its rows. */
  static void write(String testClass) throws IOException {
    var lines =
        new ArrayList<>(
            List.of(
                "| fault | said | OK | refused | unanswered | repeated | lost | doubled | reordered | gaps told"
                    + " | healed in, s |",
                "|---|---|---|---|---|---|---|---|---|---|---|"));
    lines.addAll(ROWS);
    lines.add("");
    lines.addAll(NOTES);
    Files.write(Files.createDirectories(FOLDER).resolve(testClass + ".md"), lines);
    ROWS.clear();
    NOTES.clear();
  }
}
