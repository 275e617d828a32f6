package io.earshot.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.PrintWriter;
import java.nio.file.Path;

/** The main class of the bench. The script bench/run sets the system properties. */
final class Main {
  private Main() {}

  /** Runs one command and ends the process with its exit status. */
  public static void main(String[] args) {
    var out = new PrintWriter(System.out, true, UTF_8);
    var err = new PrintWriter(System.err, true, UTF_8);
    Path root = Path.of(System.getProperty("earshot.root", "."));
    int cores = Integer.getInteger("earshot.cores", Runtime.getRuntime().availableProcessors());
    System.exit(BenchCommand.run(root, cores, out, err, args));
  }
}
