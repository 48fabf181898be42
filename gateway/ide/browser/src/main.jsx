// Starts the page.
import "./styles-with-nonce.js";
import "./workers.js";
import { createRoot } from "react-dom/client";

import { Page } from "./page.jsx";

createRoot(document.getElementById("page")).render(<Page />);
