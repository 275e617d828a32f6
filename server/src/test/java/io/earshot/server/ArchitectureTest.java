package io.earshot.server;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.properties.HasModifiers.Predicates.modifier;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaCodeUnit;
import com.tngtech.archunit.core.domain.JavaField;
import com.tngtech.archunit.core.domain.JavaMember;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.domain.JavaType;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * What neither the compiler nor Maven sees of who may use what. Each rule is also held against a
 * module that may break it, and must find something there: a rule that finds nothing anywhere would
 * be one that does not look.
 */
class ArchitectureTest {
  private static final JavaClasses EARSHOT =
      new ClassFileImporter()
          .withImportOption(new DoNotIncludeTests())
          .withImportOption(location -> !location.contains("-tests.jar"))
          .importPackages("io.earshot");

  private static final Set<String> CLOCKS =
      Set.of(
          "Thread.sleep",
          "System.currentTimeMillis",
          "System.nanoTime",
          "Instant.now",
          "InstantSource.system",
          "Clock.systemUTC",
          "Clock.systemDefaultZone");

  private static final String PROTOCOL = "io.earshot.protocol";
  private static final String API = "io.earshot";
  private static final String TOKEN = "io.earshot.token";
  private static final String SPI = "io.earshot.spi";
  private static final String[] CORE = PackagesTest.core();
  private static final String NETTY = "io.earshot.netty";
  private static final String SERVER = "io.earshot.server";

  @Test
  void the_channels_of_netty_stay_in_the_netty_module() {
    assertHolds(knowNoChannels(PROTOCOL));
    assertHolds(knowNoChannels(CORE));
    assertHolds(knowNoChannels(SERVER + ".."));
    assertBroken(knowNoChannels(NETTY + ".."));
  }

  @Test
  void lettuce_stays_in_the_package_of_redis_connections() {
    assertHolds(knowNoLettuce("io.earshot.redis"));
    assertBroken(knowNoLettuce("io.earshot.redis.connection"));
  }

  @Test
  void the_library_of_tokens_stays_in_their_package() {
    assertHolds(
        knowNo(
            "com.nimbusds..",
            Stream.of(CORE).filter(each -> !each.equals(TOKEN)).toArray(String[]::new)));
    assertHolds(knowNo("com.nimbusds..", NETTY + "..", SERVER + ".."));
    assertBroken(knowNo("com.nimbusds..", TOKEN));
  }

  @Test
  void opentelemetry_is_known_to_one_class() {
    noClasses()
        .that()
        .haveNameNotMatching("io\\.earshot\\.engine\\.OpenTelemetrySays(\\$.*)?")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("io.opentelemetry..")
        .check(EARSHOT);
  }

  @Test
  void micrometer_stays_in_the_module_of_metrics() {
    assertHolds(knowNo("io.micrometer..", PROTOCOL, NETTY + "..", SERVER + ".."));
    assertHolds(knowNo("io.micrometer..", CORE));
    assertBroken(knowNo("io.micrometer..", "io.earshot.metrics"));
  }

  @Test
  void protocol_knows_the_jdk_and_jackson_only() {
    String[] known = {PROTOCOL, "tools.jackson.core.."};
    assertHolds(know(PROTOCOL, known));
    assertBroken(know("io.earshot.room", known));
    assertBroken(know(PROTOCOL, PROTOCOL));
  }

  @Test
  void core_knows_protocol_the_bytes_of_netty_and_the_library_of_tokens_only() {
    String[] ours = Stream.concat(Stream.of(CORE), Stream.of(PROTOCOL)).toArray(String[]::new);
    String[] known =
        Stream.concat(
                Stream.of(ours),
                Stream.of(
                    "io.netty.buffer..", "io.netty.util..", "com.nimbusds..", "io.opentelemetry.."))
            .toArray(String[]::new);
    for (String each : CORE) {
      assertHolds(know(each, known));
    }
    assertBroken(know(NETTY, known));
    assertBroken(know("io.earshot.room", ours));
  }

  @Test
  void rooms_never_sleep_and_their_clock_is_handed_in() {
    assertHolds(askNoClock(PROTOCOL));
    assertHolds(askNoClock(CORE));
    assertBroken(askNoClock(SERVER + ".."));
  }

  @Test
  void what_programs_call_names_no_type_of_a_library() {
    assertHolds(nameNoLibrary(API));
    assertHolds(nameNoLibrary(PROTOCOL));
    assertHolds(nameNoLibrary(NETTY));
    assertBroken(nameNoLibrary(SPI));
  }

  private static ArchRule knowNoChannels(String... packages) {
    return knowNo("io.netty.channel..", packages);
  }

  private static ArchRule knowNoLettuce(String... packages) {
    return knowNo("io.lettuce..", packages);
  }

  private static ArchRule knowNo(String library, String... packages) {
    return noClasses()
        .that()
        .resideInAnyPackage(packages)
        .should()
        .dependOnClassesThat()
        .resideInAPackage(library);
  }

  private static ArchRule know(String module, String... known) {
    return classes()
        .that()
        .resideInAPackage(module)
        .should()
        .onlyDependOnClassesThat(javaOr(known));
  }

  private static ArchRule askNoClock(String... packages) {
    return noClasses()
        .that()
        .resideInAnyPackage(packages)
        .should()
        .callMethodWhere(
            DescribedPredicate.describe(
                "the target sleeps or is a clock of the machine",
                call ->
                    CLOCKS.contains(call.getTargetOwner().getSimpleName() + "." + call.getName())));
  }

  private static ArchRule nameNoLibrary(String module) {
    return classes()
        .that()
        .resideInAPackage(module)
        .and(modifier(JavaModifier.PUBLIC))
        .should(nameInPublicOnly(javaOr("io.earshot..")));
  }

  static DescribedPredicate<JavaClass> javaOr(String... packages) {
    return resideInAnyPackage(packages)
        .or(
            resideInAnyPackage(
                "java..",
                "javax.crypto..",
                "javax.net.ssl..",
                "jdk.management..",
                "org.jspecify.annotations"))
        .or(DescribedPredicate.describe("primitive", ArchitectureTest::isPrimitive));
  }

  /** Of an array, what it is an array of. */
  private static boolean isPrimitive(JavaClass type) {
    return type.getBaseComponentType().isPrimitive();
  }

  static ArchCondition<JavaClass> nameInPublicOnly(DescribedPredicate<JavaClass> allowed) {
    return new ArchCondition<>("name in public only what is " + allowed.getDescription()) {
      @Override
      public void check(JavaClass type, ConditionEvents events) {
        var supertypes =
            Stream.concat(type.getInterfaces().stream(), type.getSuperclass().stream());
        Stream.concat(
                supertypes, type.getMembers().stream().filter(this::isSeen).flatMap(this::types))
            .flatMap(named -> named.getAllInvolvedRawTypes().stream())
            .map(JavaClass::getBaseComponentType)
            .filter(named -> !allowed.test(named))
            .forEach(
                named ->
                    events.add(
                        SimpleConditionEvent.violated(
                            type, type.getName() + " names " + named.getName())));
      }

      private boolean isSeen(JavaMember member) {
        return member.getModifiers().contains(JavaModifier.PUBLIC)
            || member.getModifiers().contains(JavaModifier.PROTECTED);
      }

      private Stream<JavaType> types(JavaMember member) {
        return switch (member) {
          case JavaField field -> Stream.of(field.getType());
          case JavaCodeUnit method ->
              Stream.of(
                      Stream.of(method.getReturnType()),
                      method.getParameterTypes().stream(),
                      method.getExceptionTypes().stream())
                  .flatMap(each -> each);
          default -> Stream.empty();
        };
      }
    };
  }

  private static void assertHolds(ArchRule rule) {
    rule.allowEmptyShould(false).check(EARSHOT);
  }

  private static void assertBroken(ArchRule rule) {
    assertThatThrownBy(() -> rule.allowEmptyShould(false).check(EARSHOT))
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("was violated");
  }
}
