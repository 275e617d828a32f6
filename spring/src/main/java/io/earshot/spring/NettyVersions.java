package io.earshot.spring;

import io.netty.util.Version;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Whether the application has the Netty that Earshot needs. A build that follows the versions of
 * Spring Boot may replace it by an older one, with which the server would fail at some later
 * moment.
 *
 * <p>Immutable; static methods only.
 */
final class NettyVersions {
  /** The oldest Netty that the starter was run with. */
  static final String OLDEST = "4.2.13.Final";

  /** The version that Earshot is built with. */
  static final String BEST = "4.2.18.Final";

  private static final Pattern NUMBERS = Pattern.compile("(\\d+)\\.(\\d+)\\.(\\d+).*");

  private NettyVersions() {}

  /**
   * Checks the Netty of the class path.
   *
   * @throws EarshotStartException if it does not fit; the message says what to set
   */
  static void check() {
    var versions = new TreeMap<String, Collection<String>>();
    Version.identify(NettyVersions.class.getClassLoader())
        .forEach(
            (artifact, version) -> {
              if (artifact.startsWith("netty-")) {
                versions
                    .computeIfAbsent(version.artifactVersion(), each -> new ArrayList<>())
                    .add(artifact);
              }
            });
    String wrong = whatIsWrong(versions);
    if (!wrong.isEmpty()) {
      throw new EarshotStartException(wrong, null);
    }
  }

  /**
   * What is wrong with some versions.
   *
   * @param versions the artifacts of each version
   * @return a sentence that says what to set; empty if nothing is wrong
   */
  static String whatIsWrong(SortedMap<String, ? extends Collection<String>> versions) {
    for (var each : versions.entrySet()) {
      if (isOlder(each.getKey(), OLDEST)) {
        return "Earshot needs Netty "
            + OLDEST
            + " or newer, and the class path has "
            + each.getValue().stream().sorted().findFirst().orElse("netty")
            + " "
            + each.getKey()
            + ": set netty.version to "
            + BEST
            + " (Maven: <netty.version>"
            + BEST
            + "</netty.version> in the properties of pom.xml; Gradle: ext['netty.version'] = '"
            + BEST
            + "').";
      }
    }
    return "";
  }

  private static boolean isOlder(String version, String than) {
    List<Integer> ours = numbers(version);
    List<Integer> other = numbers(than);
    for (int i = 0; i < ours.size(); i++) {
      if (!ours.get(i).equals(other.get(i))) {
        return ours.get(i) < other.get(i);
      }
    }
    return false;
  }

  /** The three numbers of a version; the highest for one that has another form. */
  private static List<Integer> numbers(String version) {
    Matcher found = NUMBERS.matcher(version);
    return found.matches()
        ? List.of(
            Integer.valueOf(found.group(1)),
            Integer.valueOf(found.group(2)),
            Integer.valueOf(found.group(3)))
        : List.of(Integer.MAX_VALUE, 0, 0);
  }
}
