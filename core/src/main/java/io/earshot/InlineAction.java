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
 * @param name the name by which clients call it
 * @param description a description
 * @param required the required params
 * @param optional the optional params
 * @param outputExample an example of an answer
 * @param body the code to run
 */
public record InlineAction(
    String name,
    String description,
    List<String> required,
    List<String> optional,
    Map<String, Object> outputExample,
    Body body)
    implements Action {

  /** Copies the lists and the map. */
  public InlineAction {
    required = List.copyOf(required);
    optional = List.copyOf(optional);
    outputExample = Collections.unmodifiableMap(new LinkedHashMap<>(outputExample));
  }

  /**
   * A copy with a description.
   *
   * @param description a sentence
   * @return the copy
   */
  public InlineAction withDescription(String description) {
    return new InlineAction(name, description, required, optional, outputExample, body);
  }

  /**
   * A copy with other required params.
   *
   * @param required their names
   * @return the copy
   */
  public InlineAction withRequired(String... required) {
    return new InlineAction(name, description, List.of(required), optional, outputExample, body);
  }

  /**
   * A copy with other optional params.
   *
   * @param optional their names
   * @return the copy
   */
  public InlineAction withOptional(String... optional) {
    return new InlineAction(name, description, required, List.of(optional), outputExample, body);
  }

  /**
   * A copy with an example of an answer.
   *
   * @param outputExample fields and values as {@link Call#put} takes them
   * @return the copy
   */
  public InlineAction withOutputExample(Map<String, Object> outputExample) {
    return new InlineAction(name, description, required, optional, outputExample, body);
  }

  @Override
  public void run(Call call) throws Exception {
    body.run(call);
  }
}
