package io.earshot;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * An action made of a lambda; see {@link Action#of}.
 *
 * <p>Immutable.
 *
 * @param name the name to ask for it by
 * @param description what it does
 * @param required the params that it cannot do without
 * @param optional the params that it understands besides
 * @param outputExample what an answer looks like
 * @param body what it does when it is asked for
 */
public record InlineAction(
    String name,
    String description,
    List<String> required,
    List<String> optional,
    Map<String, Object> outputExample,
    Body body)
    implements Action {

  /** Copies what could change. */
  public InlineAction {
    required = List.copyOf(required);
    optional = List.copyOf(optional);
    outputExample = Collections.unmodifiableMap(new LinkedHashMap<>(outputExample));
  }

  /**
   * The same with a description.
   *
   * @param description a sentence
   * @return the action
   */
  public InlineAction withDescription(String description) {
    return new InlineAction(name, description, required, optional, outputExample, body);
  }

  /**
   * The same with params that it cannot do without.
   *
   * @param required their names
   * @return the action
   */
  public InlineAction withRequired(String... required) {
    return new InlineAction(name, description, List.of(required), optional, outputExample, body);
  }

  /**
   * The same with params that it understands besides.
   *
   * @param optional their names
   * @return the action
   */
  public InlineAction withOptional(String... optional) {
    return new InlineAction(name, description, required, List.of(optional), outputExample, body);
  }

  /**
   * The same with an example of an answer.
   *
   * @param outputExample fields and values as {@link Call#put} takes them
   * @return the action
   */
  public InlineAction withOutputExample(Map<String, Object> outputExample) {
    return new InlineAction(name, description, required, optional, outputExample, body);
  }

  @Override
  public void run(Call call) throws Exception {
    body.run(call);
  }
}
