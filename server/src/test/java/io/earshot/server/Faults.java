package io.earshot.server;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * What came of each fault: a line on stdout, and a row of a table in {@code
 * target/cluster-faults.md}.
 *
 * <p>Owned by the test's thread.
 */
final class Faults {
  private static final Path TABLE = Path.of("target", "cluster-faults.md");
  private static final List<String> ROWS = new ArrayList<>();
  private static final List<String> NOTES = new ArrayList<>();

  private Faults() {}

  static void add(String fault, Load.Verdict verdict) {
    String unanswered = verdict.unanswered() == 0 ? "" : " unanswered " + verdict.unanswered();
    String again = verdict.again() == 0 ? "" : " said again " + verdict.again();
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

  /** Says something of a fault that is no number of its row. */
  static void note(String fault, String what) {
    System.out.println("FAULT " + fault + " | " + what);
    NOTES.add("- " + fault + ": " + what);
  }

  static void write() throws IOException {
    var lines =
        new ArrayList<>(
            List.of(
                "| fault | said | OK | refused | unanswered | said again | lost | doubled | reordered | gaps told"
                    + " | healed in, s |",
                "|---|---|---|---|---|---|---|---|---|---|---|"));
    lines.addAll(ROWS);
    lines.add("");
    lines.addAll(NOTES);
    Files.write(TABLE, lines);
  }
}
