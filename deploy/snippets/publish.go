package main // Publishes a message and prints its place: EARSHOT_URL=… EARSHOT_KEY=… go run publish.go ROOM TEXT KEY

import "bytes"
import "encoding/json"
import "fmt"
import "log"
import "net/http"
import "os"

func main() {
	body, _ := json.Marshal(map[string]any{"messages": []any{map[string]string{"room": os.Args[1], "message": os.Args[2]}}})
	request, _ := http.NewRequest("POST", os.Getenv("EARSHOT_URL")+"/admin/publish", bytes.NewReader(body))
	request.Header = http.Header{"Authorization": {"Bearer " + os.Getenv("EARSHOT_KEY")}, "Content-Type": {"application/json"}, "Idempotency-Key": {os.Args[3]}}
	response, err := http.DefaultClient.Do(request)
	var answer struct{ Results []map[string]any }
	if err != nil || json.NewDecoder(response.Body).Decode(&answer) != nil || response.StatusCode != 200 {
		log.Fatal(err, response, answer)
	}
	fmt.Printf("%s %s:%.0f\n", answer.Results[0]["room"], answer.Results[0]["epoch"], answer.Results[0]["offset"])
}
